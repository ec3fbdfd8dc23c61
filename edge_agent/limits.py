"""Every bound of the running agent that several modules agree on, each with its reason."""

PANELS_MAX = 64
"""Panels of one gateway: a Pi has at most a few USB hubs and one or two networks."""

CAMERAS_MAX = 32
"""Cameras of one gateway: each costs a few kB, and 32 MB an hour of network at the very worst."""

SITE_ENTRIES_MAX = 8192
"""Zones, areas, users, schedules of one site, of each: the largest panels have 4,096 points."""

CENTERS_MAX = 4
"""Centers that one gateway supplies: old and new one at a handover, the police's, one of a client.
Each costs memory of its own; the journal has slots for twice as many, since names change."""

SIGNALS_A_REPORT_MAX = 64
"""Signals of one frame: the largest, a whole state map, is sent in parts by every known panel."""

UNCOMMITTED_REPORTS_MAX = 32
"""Reports of one panel that may wait for the disk; beyond it the line is not read, so the panel,
not acknowledged, keeps its events itself."""

COMMANDS_MAX = 16
"""Commands that may wait for one panel: people give them, and panels take one at a time."""

ORDER_RECORD_S_MAX = 5.0
"""How long an order waits to be durable; then neither disk nor center takes it: it is not given."""

ORDER_S_MAX = 60.0
"""How long an order's outcome is waited for: the slowest protocol asks twice, 12 s after it."""

URGENT_COMMIT_NS_MAX = 200_000_000
"""How long a commit of lane 0 or 1 may take before the event is sent without it (DESIGN 1.5)."""

STATE_PATIENCE_NS = 1_000_000_000
"""State may wait this long for a shared commit: cards wear by commits, and a state is no alarm."""

TELEMETRY_PATIENCE_NS = 60_000_000_000
"""Measurements may wait this long for a shared commit."""

NOTES_POSTPONED_MAX = 4096
"""Events of the agent itself that may wait while the journal's memory is full; those beyond are
counted, and the count is said by an event as soon as there is room."""

SPACE_LOOK_S = 10.0
"""How often the journal's space is measured: a flood at full line rate writes 2 MiB meanwhile."""

KEEP_PRESSED_NS = 14 * 24 * 3600 * 1_000_000_000
"""What is younger is never removed, whatever presses: two weeks are a technician's next visit."""

REMOVAL_LOOK_S = 1.0
"""From one removed segment to the next: faster than any flood fills them, and the card has rests
when a year became old at once."""

REMOVAL_RECORD_S_MAX = 60.0
"""How long a removal waits for its record to be durable; then it is tried again later."""

DATED_BY_MAX = 8
"""So many segments are looked at for an event that can be dated, to date what stands before it."""

BINDING_NS = 24 * 3600 * 1_000_000_000
"""How often the recorded receipts are bound by a signed digest; also at an orderly stop."""

SPARE_SEGMENTS = 4
"""Segments made ahead: one for the next roll-over, three as a reserve that nobody else can fill:
1,000 alarms in commits of their own, some 10,000 that share them."""

JUDGED_EVENTS_MAX = 40_000
"""Newest events that a start rebuilds its judgement from: weeks of a shop, some ten seconds of a
Pi's time, in slices over half a minute beside its work."""

JUDGED_SPAN_NS = 35 * 24 * 3600 * 1_000_000_000
"""What is older teaches nothing: habits of detectors are learned from the last days and weeks."""

JUDGED_INBOX_MAX = 2048
"""Events that wait to be judged in memory; what is more is read from the journal again."""

JUDGED_SLICE_NS = 4_000_000
"""How long judging holds the loop at a time: an alarm that comes meanwhile waits no longer."""

CLOCK_LOOK_NS = 1_000_000_000
"""How often the wall clock is compared with boot time."""

CLOCK_STEP_NS_MIN = 500_000_000
"""A jump of the wall clock that is called a step: slewing moves it by 0.5 ms a second at most."""

WATCHDOG_STALL_NS_MAX = 20_000_000_000
"""How long the journal may hang in one turn before the watchdog is starved.
SD cards are known to stall for seconds; a process that hangs longer is better restarted."""

WATCHDOG_LOOK_S = 10.0
"""How often progress is looked at where systemd asks for no watchdog."""

STOP_DRAIN_NS_MAX = 2_000_000_000
"""How long an orderly stop waits for the last receipts; what has none by then is sent at the next
start."""

HEARTBEATS_A_REPORTING_TIME = 3.6
"""Three missed heartbeats must fit into the reporting time, with time to judge (EN 50136)."""

CREDENTIALS_RETRY_S = 2.0
"""How often unusable credentials are looked at again: an installer may be mending them, and waits
beside the gateway for the result; it takes reading two small files."""

BUILT_NS = 1_793_491_200_000_000_000
"""2026-11-01: when this program cannot have run yet; raised with each release."""

CLOCK_DISPUTE_NS_MIN = 10_000_000_000
"""How far a clock may be from what the center says before it is not believed: a receipt travels for
seconds over a bad link."""

CLOCK_TOLD_EVERY_NS = 3_600_000_000_000
"""How often the center's time is recorded while the wall clock is not synced: boot time drifts by
less than half a second in this time."""

CERTIFICATE_SOON_NS = 30 * 86_400_000_000_000
"""How long before its end a certificate is complained of: an installer plans a visit in a month."""

CERTIFICATE_LOOK_S = 3600.0
"""How often the dates of certificates are looked at."""

PROGRAM_LOOK_DELAY_S = 60.0
"""After a start: alarms, lines and centers come first."""

PROGRAM_LOOK_S = 86_400.0
"""How often the installed program is compared with what was released: it reads some 60 MB."""

PROGRAM_LOOK_S_MAX = 900.0
"""How long that may take; a Pi with a slow card needs about a minute at the lowest priority."""

RENEWAL_DELAY_S = 90.0
"""After a start, and after the program was looked at: one child at a time."""

RENEWAL_LOOK_S = 86_400.0
"""How often it is looked whether a certificate is due; from two thirds of its life there are weeks
to spare."""

RENEWAL_S_MAX = 120.0
"""How long that may take: four centers, each with its timeouts."""

HEAD_DELAY_S = 120.0
"""After a start the newest event is timestamped or signed a second time: behind program and
certificates, and not at all in a run that soon ends."""

HEAD_RETRY_S = 3_600.0
"""How long after a failure that is tried again."""

ANCHOR_EVERY_S = 86_400.0
"""How often the newest event is timestamped."""

ANCHOR_S_MAX = 60.0
"""How long that may take, two timeouts of the child."""

SECOND_SIGNATURE_S_MAX = 60.0
"""How long a second signature may take: a child and one of its own, on a slow machine."""

INVENTORY_LOOK_S = 3_600.0
"""How often certificates are compared with the date: it may be known only hours after a start."""

CENTER_COMMANDS_WAITING_MAX = 64
"""Commands of all centers that wait to be judged: a broker can send what it likes."""

CENTER_COMMANDS_BYTES_MAX = 262_144
"""Their bytes together: five of the largest, a new configuration; all others are some hundreds."""

CENTER_COMMANDS_AT_WORK_MAX = 8
"""Commands that are carried out at once: an order to a panel takes a minute at most."""

FILE_SEND_S_MAX = 3_600.0
"""For sending a clip or a bundle: events go first, and 32 MiB over 1 Mbit/s take five minutes."""

FILE_LOOK_S = 0.05
"""How often it is looked whether the line is free for the next piece of a file."""

REPLIES_KEPT_MAX = 64
"""Replies kept for a center that asks again: each was lost on the way, or it would not."""

REPLIES_BYTES_MAX = 262_144
"""Of them together: eight of the largest."""

BUNDLE_S_MAX = 240.0
"""How long a bundle may be in the making, at the lowest priority: some 1,000 events a second."""

CHILD_BYTES_MAX = 100_663_296
"""Memory of a child that works on what a command asks for: 96 MiB beside the agent's 60, within the
256 of the unit."""

CONFIG_CHECK_S_MAX = 120.0
"""How long a new configuration may be checked: at the lowest priority a Pi reads one of 4,096 zones
in some seconds."""

PARTING_LOOK_S = 0.2
"""How often it is looked whether the centers have all, before a gateway ends for good."""

PARTING_S_MAX = 60.0
"""How long the last event of a gateway may take to be receipted; then another run tries it."""

HANDOVER_LOOK_S = 1.0
"""How often it is looked how far a handover is: it lasts for days, and nobody waits for it."""

CONFIG_LOOK_S = 0.2
"""How often it is looked whether the centers are reached under a configuration that is tried."""
