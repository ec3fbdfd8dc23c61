"""All planted bugs; `./run soak --mutants` applies one by one, and every one must be caught.

Each stands with what is to find it: worlds of the simulation, or tests by name.
"""

from tests.mutants import body, center, clock, evidence, gateway, journal, keeping, trust
from tests.mutants.mutant import Mutant, Tests, Worlds

ANYWHERE = Worlds()
RECOVERY = "tests/journal/test_recovery.py::"
OUTBOX = "tests/uplink/test_outbox.py::"
RECORDER = "tests/daemon/test_recorder.py::"
POWER_CUTS = "tests/journal/test_power_cuts.py::"
VERIFY = "tests/evidence/test_verify.py::"
TIMESTAMP = "tests/evidence/test_timestamp.py::"
CENTERS = "tests/journal/test_centers.py::"
CLOCK = "tests/test_clock.py::"
DATES = "tests/uplink/test_dates.py::"
POWER = "tests/health/test_power.py::"
FINDINGS = "tests/health/test_findings.py::"
SALVAGE = "tests/center/test_salvage.py::"
SUPERVISION = "tests/uplink/test_supervision.py::"
LINEAGE = "tests/center/test_lineage.py::"
STORE = "tests/center/test_store.py::"
HANDOVER_PAPERS = "tests/center/test_handover.py::"
COURSE = "tests/identity/test_handover.py::"
JUDGING = "tests/witness/test_judging.py::"
PARTING = "tests/daemon/test_decommissioning.py::"
DEATH = Tests("tests/crash/test_center_death.py::test_a_center_that_dies_between_two_steps")
DAMAGE = "tests/crash/test_damage.py::test_all_that_is_whole_is_found_and_the_rest_is_named"
KILLS = Tests("tests/system/test_kills.py::test_kills_lose_double_and_invent_nothing")

MUTANTS = [
    # durable before the panel's ACK
    Mutant(journal.fsync_left_out, ANYWHERE),
    Mutant(journal.name_not_flushed, ANYWHERE),
    Mutant(
        journal.found_and_not_flushed,
        Tests(POWER_CUTS + "test_what_a_killed_process_left_unflushed_is_durable_before_it_counts"),
    ),
    Mutant(journal.unflushed_copy_trusted, Worlds(first=350)),
    Mutant(journal.refused_commit_forgotten, ANYWHERE),
    Mutant(gateway.ack_before_commit, ANYWHERE, KILLS),
    Mutant(
        gateway.driver_acknowledges_at_once,
        Tests("tests/contract/test_stream.py::test_no_ack_before_durable_even_if_it_never_is"),
    ),
    Mutant(gateway.sent_before_durable, ANYWHERE),
    Mutant(
        gateway.refused_and_kept_back,
        Tests(RECORDER + "test_a_refusing_disk_publishes_at_once_and_a_receipt_keeps_the_promise"),
    ),
    Mutant(gateway.last_frames_forgotten, KILLS, ANYWHERE),
    Mutant(gateway.repeats_unrecognised, ANYWHERE),
    Mutant(gateway.waiting_forgotten, Worlds(first=100)),
    Mutant(journal.sealed_unflushed, ANYWHERE),
    Mutant(journal.sealed_while_written, ANYWHERE),
    # only a verified receipt lets go
    Mutant(gateway.receipt_unverified, ANYWHERE),
    Mutant(gateway.let_go_when_sent, ANYWHERE),
    Mutant(gateway.let_go_too_much, ANYWHERE),
    Mutant(
        gateway.digest_ignored,
        Tests(OUTBOX + "test_a_receipt_with_another_digest_lets_nothing_go"),
    ),
    Mutant(
        journal.unreceipted_let_go,
        Tests("tests/journal/test_held.py::test_what_is_let_go_is_neither_framed_nor_counted"),
    ),
    # everything arrives
    Mutant(gateway.cursor_moved_early, ANYWHERE),
    Mutant(gateway.not_sent_again, ANYWHERE),
    Mutant(
        gateway.first_path_only,
        Tests("tests/system/test_uplink.py::test_the_next_path_is_taken_when_the_first_is_dead"),
    ),
    Mutant(
        gateway.silence_not_noticed,
        Tests(OUTBOX + "test_a_broker_that_does_not_answer_is_left_within_seconds"),
    ),
    Mutant(
        gateway.stall_not_noticed,
        Tests(OUTBOX + "test_nothing_receipted_for_half_a_minute_is_a_path_fault"),
    ),
    Mutant(
        gateway.alarms_wait_for_the_window,
        Tests(
            "tests/uplink/test_window.py::test_room_is_kept_for_urgent_events_and_one_message_always_goes"
        ),
    ),
    Mutant(
        gateway.fire_waits_for_the_card,
        Tests(RECORDER + "test_a_fire_is_sent_while_the_commit_before_it_hangs"),
    ),
    Mutant(
        gateway.backlog_before_live,
        Tests(OUTBOX + "test_urgent_lanes_first_and_live_before_backlog"),
    ),
    Mutant(
        journal.one_center_for_all,
        Tests(CENTERS + "test_each_center_is_owed_what_it_has_not_receipted_itself"),
    ),
    Mutant(
        journal.optional_is_required,
        Tests(CENTERS + "test_an_optional_center_is_supplied_and_not_waited_for"),
    ),
    Mutant(
        journal.new_center_sees_old,
        Tests(
            CENTERS + "test_a_new_center_starts_at_a_genesis_and_sees_nothing_older",
            CENTERS + "test_a_reused_slot_inherits_nothing",
        ),
    ),
    Mutant(
        gateway.centers_wait_for_each_other,
        Tests(
            "tests/daemon/test_centers.py::test_unusable_files_of_one_center_are_said_once_and_stop_no_other"
        ),
    ),
    Mutant(
        gateway.return_doubles,
        Tests(SUPERVISION + "test_what_is_under_way_at_the_moment_of_the_return_is_not_doubled"),
    ),
    Mutant(
        gateway.return_without_rest,
        Tests(
            SUPERVISION + "test_the_backlog_rests_while_it_moves_so_that_the_broker_drops_nothing"
        ),
    ),
    Mutant(
        gateway.return_at_once,
        Tests(SUPERVISION + "test_a_preferred_path_that_comes_and_goes_is_not_run_after"),
    ),
    Mutant(
        journal.panel_reports_left_out,
        Tests("tests/journal/test_space.py::test_telemetry_is_refused_first_and_alarms_never"),
    ),
    # what is not known is said
    Mutant(
        gateway.silence_of_a_panel_unsaid,
        Tests("tests/contract/test_stream.py::test_silence_is_found_in_time_and_its_end_too"),
    ),
    Mutant(
        gateway.refusal_unsaid,
        Tests(RECORDER + "test_a_refusing_disk_publishes_at_once_and_a_receipt_keeps_the_promise"),
    ),
    Mutant(
        gateway.path_fault_unsaid,
        Tests(OUTBOX + "test_nothing_receipted_for_half_a_minute_is_a_path_fault"),
    ),
    Mutant(
        journal.space_unsaid,
        Tests("tests/journal/test_space.py::test_each_level_is_told_once_before_it_is_full"),
    ),
    Mutant(
        body.enclosure_unsaid,
        Tests("tests/health/test_points.py::test_the_enclosure_speaks_as_a_panel_does"),
    ),
    Mutant(
        body.gone_is_absent,
        Tests(FINDINGS + "test_what_was_never_there_is_no_finding_and_what_is_gone_is_one"),
    ),
    Mutant(
        body.vanished_is_zero,
        Tests(FINDINGS + "test_a_reading_that_is_gone_neither_finds_nor_ends_anything"),
    ),
    Mutant(
        body.no_hysteresis,
        Tests("tests/health/test_debounce.py::test_between_the_limits_a_value_stays_what_it_was"),
    ),
    # the last gasp
    Mutant(
        body.gasp_beside_the_mains, Tests(POWER + "test_the_next_loss_has_a_countdown_of_its_own")
    ),
    Mutant(
        body.flicker_sets_back,
        Tests(POWER + "test_a_flicker_of_the_mains_does_not_set_the_countdown_back"),
    ),
    Mutant(
        body.gasp_overwritten, Tests("tests/daemon/test_ending.py::test_the_first_reason_counts")
    ),
    # rubbish from outside, and defects of ours
    Mutant(
        gateway.noise_raises,
        Tests(
            "tests/drivers/test_surgard_frames.py::test_random_bytes_never_raise_and_none_is_lost"
        ),
    ),
    Mutant(center.junk_raises, Tests("tests/center/test_examine.py::test_any_bytes_are_judged")),
    Mutant(
        body.edges_left_in_the_kernel,
        Tests("tests/health/test_gpio.py::test_a_line_is_requested_read_and_wakes_with_its_edges"),
    ),
    Mutant(
        body.defect_swallowed,
        Tests(
            "tests/test_agent.py::test_a_defect_ends_the_agent_and_the_next_start_calls_it_a_crash"
        ),
    ),
    # bounds
    Mutant(gateway.window_without_bound, Worlds(first=20)),
    Mutant(
        journal.memory_without_bound,
        Tests(RECORDER + "test_exhausted_memory_pushes_back_and_the_agents_own_events_are_counted"),
    ),
    # numbers, signatures, the tree
    Mutant(gateway.numbers_reused, ANYWHERE),
    Mutant(evidence.nobody_checks, Tests(VERIFY + "test_a_bad_signature")),
    Mutant(
        evidence.root_unchecked,
        Tests(
            VERIFY + "test_a_wrong_root_is_named_once",
            VERIFY + "test_a_gap_is_named_with_its_range",
        ),
    ),
    Mutant(evidence.lineage_unchecked, Tests(VERIFY + "test_a_rolled_back_gateway_is_named")),
    Mutant(
        evidence.timestamp_by_anybody,
        Tests(TIMESTAMP + "test_by_nobody_who_is_trusted_it_proves_nothing"),
    ),
    Mutant(
        evidence.timestamp_of_anything,
        Tests(TIMESTAMP + "test_of_something_else_it_proves_nothing"),
    ),
    Mutant(
        evidence.tpm_fails_late,
        Tests(
            "tests/test_agent.py::test_the_tpm_signs_the_first_event_and_its_loss_silences_nobody"
        ),
    ),
    Mutant(
        evidence.token_fails_late,
        Tests(
            "tests/test_agent.py::test_a_token_signs_the_first_event_and_its_loss_silences_nobody"
        ),
    ),
    Mutant(
        evidence.wrong_pin_retried,
        Tests("tests/evidence/test_pkcs11_child.py::test_a_wrong_pin_is_tried_once_ever"),
    ),
    Mutant(
        journal.receipts_not_compared,
        Tests("tests/journal/test_receipts.py::test_a_changed_receipt_is_found"),
    ),
    # retention
    Mutant(
        keeping.unreceipted_removed,
        Tests(
            "tests/journal/test_retention.py::"
            "test_nothing_unreceipted_young_or_undated_is_ever_removed"
        ),
    ),
    Mutant(
        keeping.removed_before_recorded,
        Tests("tests/daemon/test_retirement.py::test_what_is_not_recorded_is_not_removed"),
    ),
    Mutant(
        keeping.removal_unexplained,
        Tests("tests/test_audit.py::test_epochs_that_are_gone_are_explained_by_their_removal_only"),
    ),
    # damage
    Mutant(
        journal.damaged_file_cut, Tests(RECOVERY + "test_a_damaged_file_is_kept_and_never_changed")
    ),
    Mutant(journal.nothing_salvaged, Tests(DAMAGE)),
    Mutant(
        journal.gap_not_named, Tests(RECOVERY + "test_a_missing_segment_is_named_with_its_numbers")
    ),
    # the center
    Mutant(center.receipt_before_commit, ANYWHERE, DEATH),
    Mutant(
        center.broker_may_forget_first,
        Tests("tests/center/test_receiver.py::test_receipts_go_out_before_the_broker_may_forget"),
    ),
    Mutant(
        center.signature_unchecked,
        Tests(
            STORE + "test_a_forged_event_is_kept_apart_and_never_receipted",
            SALVAGE + "test_what_was_changed_in_the_file_is_not_believed",
        ),
    ),
    Mutant(
        center.held_is_receipted,
        Tests(STORE + "test_events_wait_for_their_genesis_even_across_lanes"),
    ),
    Mutant(
        center.receipts_not_held_to,
        Tests(
            "tests/center/test_verify.py::"
            "test_a_deleted_tail_of_the_newest_epoch_is_named_by_the_receipt"
        ),
    ),
    Mutant(center.double_is_stored, ANYWHERE),
    Mutant(
        center.unvouched_unmarked,
        Tests(STORE + "test_a_self_signed_genesis_is_stored_and_marked"),
    ),
    Mutant(
        center.damage_taken_for_a_full_disk,
        Tests(SALVAGE + "test_damage_is_told_from_what_passes"),
    ),
    Mutant(
        center.salvage_ends_at_damage,
        Tests(SALVAGE + "test_what_stands_beside_a_damaged_page_comes_back"),
    ),
    # time and cards
    Mutant(clock.told_too_narrow, ANYWHERE),
    Mutant(clock.step_trusted, Tests(CLOCK + "test_slewing_is_no_step_but_a_jump_back_is")),
    Mutant(
        clock.source_believed,
        Tests(
            CLOCK + "test_a_source_that_says_less_than_the_center_said_is_not_believed",
            CLOCK + "test_a_clock_ahead_of_or_behind_the_center_is_doubted_until_it_agrees",
        ),
    ),
    Mutant(
        clock.expired_taken,
        Tests(DATES + "test_a_real_broker_is_judged_by_what_is_known_of_the_time"),
    ),
    Mutant(
        clock.openssl_judges_dates,
        Tests(DATES + "test_openssl_leaves_the_dates_to_us_and_nothing_else"),
    ),
    Mutant(
        clock.refusal_excuses_all,
        Tests(
            VERIFY + "test_its_word_excuses_nothing_from_before_it",
            LINEAGE + "test_a_card_set_back_further_than_it_refused_is_a_rollback",
        ),
    ),
    Mutant(
        clock.honest_accused,
        ANYWHERE,
        Tests(VERIFY + "test_what_a_refusing_card_lost_is_unwritten_and_not_rolled_back"),
    ),
    Mutant(
        clock.arrival_is_order,
        Tests(
            VERIFY + "test_what_began_first_and_came_later_is_judged_as_the_first",
            LINEAGE + "test_a_run_that_was_before_and_came_after_is_no_branch",
        ),
    ),
    Mutant(
        clock.foreign_sent,
        Tests(
            "tests/daemon/test_source.py::test_events_of_another_gateways_card_are_kept_and_not_sent"
        ),
    ),
    # a site's papers
    Mutant(
        trust.one_signature_enough,
        Tests(
            HANDOVER_PAPERS + "test_nothing_is_granted_before_all_have_signed",
            "tests/evidence/test_vectors.py::test_the_code_takes_what_is_enough_and_nothing_else",
        ),
    ),
    Mutant(
        trust.one_ends_it_alone,
        Tests("tests/evidence/test_decommission.py::test_nobody_ends_it_alone"),
    ),
    Mutant(
        trust.left_out_too_early,
        Tests(COURSE + "test_the_old_one_stays_until_the_new_one_holds_all"),
    ),
    Mutant(
        trust.handover_forgotten,
        Tests(
            "tests/daemon/test_handover.py::test_cut_off_at_any_write_it_goes_on_to_the_same_end"
        ),
    ),
    Mutant(
        trust.keys_go_before_the_receipt,
        Tests(PARTING + "test_a_last_event_that_is_not_receipted_leaves_the_keys"),
    ),
    Mutant(
        trust.newest_certificate_revoked,
        Tests(
            "tests/center/test_revocation.py::"
            "test_every_certificate_that_it_was_given_is_listed_and_no_other"
        ),
    ),
    Mutant(
        trust.witness_believes_all,
        Tests(
            JUDGING + "test_what_does_not_continue_is_refused",
            JUDGING + "test_whatever_is_brought_in_whatever_order_one_history_is_cosigned",
        ),
    ),
    Mutant(
        trust.witness_stores_late,
        Tests(
            "tests/witness/test_store.py::test_what_was_given_is_known_after_a_new_start",
            "tests/system/test_witness.py::"
            "test_killed_between_store_and_answer_it_cosigns_no_second_history",
        ),
    ),
    Mutant(
        trust.cosignature_by_anybody,
        Tests("tests/evidence/test_cosigned.py::test_what_proves_nothing_is_a_finding"),
    ),
    Mutant(
        trust.who_is_connected_goes_on,
        Tests(
            "tests/center/test_revocation.py::"
            "test_a_name_that_gets_a_certificate_again_may_speak_again"
        ),
    ),
    Mutant(
        trust.lost_key_of_a_broker_taken,
        Tests("tests/uplink/test_tls_matrix.py::test_a_bad_broker_is_refused"),
    ),
    Mutant(
        trust.commands_go_unsealed,
        Tests("tests/center/test_desk.py::test_to_a_run_that_tells_a_key_it_is_sealed"),
    ),
    Mutant(
        trust.first_center_alone_tells_the_time,
        Tests(
            "tests/daemon/test_timekeeping.py::"
            "test_a_later_center_is_believed_where_those_before_it_say_nothing"
        ),
    ),
]
