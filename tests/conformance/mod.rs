//! Named behaviours that every connector shows, as far as its capabilities go.

mod catalog;
mod databases;
mod documents;
mod files;
mod fixture;
mod lookups;
mod mongodb;
mod mysql;
mod overlay;
mod postgres;
mod reading;
mod scanning;
mod sqlite;
mod structure;
mod transactions;
mod writing;

use fixture::Fixture;

/// Runs each behaviour against each store that keeps what it is given.
macro_rules! behaviours_of_real_stores {
    ($($module:ident :: $name:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                for fixture in Fixture::real().await {
                    println!("on {}", fixture.name);
                    $module::$name(&fixture).await;
                }
            }
        )*
    };
}

behaviours_of_real_stores! {
    structure::what_is_read_can_be_made_again,
    structure::changes_are_taken_back,
    structure::values_of_an_enum_come_and_go,
    structure::rows_in_the_way_are_named_by_key,
    structure::what_refers_to_a_table_made_anew_stays,
    structure::any_table_can_be_made_again,
    structure::collections_change_too,
}

/// Runs each behaviour against each store.
macro_rules! behaviours {
    ($($module:ident :: $name:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                for fixture in Fixture::all().await {
                    println!("on {}", fixture.name);
                    $module::$name(&fixture).await;
                }
            }
        )*
    };
}

behaviours! {
    scanning::batch_seams_lose_and_repeat_nothing,
    scanning::a_scan_resumes_from_every_checkpoint,
    scanning::rows_that_come_later_are_not_read,
    scanning::rows_without_a_key_are_told_once,
    scanning::composite_keys_are_ordered_part_by_part,
    scanning::separators_inside_keys_do_no_harm,
    scanning::rows_of_one_key_stay_in_one_batch,
    scanning::a_filter_applies_to_a_scan,
    reading::filters_mean_what_they_say,
    reading::order_and_limit,
    reading::tuples_find_their_records,
    reading::what_is_not_there,
    lookups::small_and_large_give_the_same,
    lookups::what_may_change_is_asked_for,
    writing::what_is_written_is_read_back,
    writing::an_insert_is_all_or_none,
    writing::violations_name_their_kind,
    writing::missing_columns_take_their_defaults,
    writing::inserts_give_back_what_is_asked_for,
    writing::updates_and_deletes_go_by_key,
    writing::updates_are_all_or_none,
    writing::many_rows_arrive_in_every_column,
    transactions::a_rollback_undoes_everything,
    transactions::savepoints_nest,
    transactions::a_dropped_session_leaves_nothing,
    transactions::what_a_server_still_commits_is_waited_for,
    transactions::a_session_sees_what_it_wrote,
    transactions::failed_statements_leave_the_transaction_usable,
    catalog::describe_tells_what_was_defined,
    catalog::indexes_come_and_go,
    catalog::a_unique_index_refuses_duplicates,
    catalog::entities_are_sorted_without_the_ledger,
    catalog::statistics_count,
}
