-- Changes of indexes and constraints that take long on a full table, so that no request waits for them. Each statement can be
-- repeated.

-- it reads all tasks, beside requests that write them
alter table tasks validate constraint valid_task;

-- the condition of a filter by status is in the index that counts and pages the caller's own tasks
create index concurrently if not exists tasks_of_author_with_status on tasks (author, id) include (equipment, status);
drop index concurrently if exists tasks_of_author;

-- tasks_by_status and tasks_by_priority together answer what this did
drop index concurrently if exists tasks_by_status_and_priority;
