-- What lists count is counted in an index alone, without a look at the rows: up to 10,001 of them for each first page.

-- An index over an expression serves that only where it also has the column. The old ones go last: a drop keeps readers
-- away, and should not do so for as long as the new ones take.
alter index tasks_by_due_date      rename to tasks_by_due_date_alone;
alter index tasks_by_due_date_desc rename to tasks_by_due_date_alone_desc;
create index tasks_by_due_date      on tasks (coalesce(due_date, 'infinity'), id) include (due_date);
create index tasks_by_due_date_desc on tasks (coalesce(due_date, '-infinity'), id) include (due_date);
-- for who sees all tasks, as work_orders_by_status is for the others
create index tasks_by_status_and_priority on tasks (status, priority_level, id);

-- of most callers' lists work orders are the long part
create index work_orders_by_due_date      on tasks (coalesce(due_date, 'infinity'), id) include (due_date) where equipment is not null;
create index work_orders_by_due_date_desc on tasks (coalesce(due_date, '-infinity'), id) include (due_date) where equipment is not null;
create index work_orders_by_priority      on tasks (priority_level, id) where equipment is not null;

drop index tasks_by_due_date_alone, tasks_by_due_date_alone_desc;
