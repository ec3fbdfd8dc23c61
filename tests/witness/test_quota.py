"""How much one address may ask, and that it costs no other anything."""

from edge_agent.witness.quota import ADDRESSES_MAX, Quota

S = 1_000_000_000


def test_so_many_at_once_then_so_many_a_second() -> None:
    quota = Quota(at_once=5, a_second=2)
    assert [quota.take("192.0.2.1", 7 * S) for _ in range(7)] == [True] * 5 + [False] * 2
    assert quota.take("192.0.2.2", 7 * S), "another one"
    assert [quota.take("192.0.2.1", 8 * S) for _ in range(3)] == [True, True, False]
    assert [quota.take("192.0.2.1", 60 * S) for _ in range(6)] == [True] * 5 + [False]


def test_a_site_is_one_whatever_its_addresses() -> None:
    quota = Quota(at_once=2, a_second=1)
    assert quota.take("2001:db8::1", 0)
    assert quota.take("2001:db8::2", 0)
    assert not quota.take("2001:db8::ffff:3", 0)
    assert quota.take("2001:db8:0:1::3", 0)
    assert quota.take("::ffff:192.0.2.1", 0)
    assert quota.take("192.0.2.1", 0)
    assert not quota.take("192.0.2.1", 0), "the same, however it is written"
    assert quota.take("no address", 0)


def test_memory_is_bounded() -> None:
    quota = Quota()
    for number in range(ADDRESSES_MAX + 10):
        quota.take(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 0)
    assert len(quota._full_at) == ADDRESSES_MAX
