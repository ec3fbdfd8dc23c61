"""Events of several epochs as lines, and back."""

from edge_agent.diagnosis.numbering import Numbering
from edge_agent.evidence import cited
from edge_agent.evidence.cited import CITED_MAX, EPOCHS_MAX, Place

A, B = b"epoch--1", b"epoch--2"


def test_lines_rise_over_gaps_and_epochs_and_lead_back() -> None:
    numbering = Numbering()
    places = [Place(A, 40), Place(A, 43), Place(B, 0), Place(B, 7)]
    lines = [numbering.line(place) for place in places]
    assert lines == sorted(set(lines))
    assert lines[0] >= 1
    assert [numbering.place(line) for line in lines] == places
    assert numbering.places(tuple(lines)) == tuple(places)


def test_what_is_cited_fits_an_event() -> None:
    numbering = Numbering()
    lines = [numbering.line(Place(A, seq)) for seq in range(CITED_MAX + 50)]
    cut = numbering.places(tuple(lines))
    assert len(cut) == CITED_MAX
    assert (cut[0], cut[-1]) == (Place(A, 0), Place(A, CITED_MAX + 49))
    numbering = Numbering()
    lines = [numbering.line(Place(bytes([n] * 8), 3)) for n in range(EPOCHS_MAX + 9)]
    cut = numbering.places(tuple(lines))
    assert (cut[0].epoch[0], cut[-1].epoch[0]) == (0, EPOCHS_MAX + 8)
    assert cited.from_body({4: cited.to_value(cut)}, 4) == cut
