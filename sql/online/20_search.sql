-- The texts of rows that are older than the tables of texts, and the indexes of a search. Each statement can be repeated.

call fill_texts('users');
call fill_texts('equipment');
call fill_texts('schedules');
call fill_texts('maintenance');
call fill_texts('documents');
call fill_texts('reports');
call fill_texts('messages');
call fill_texts('tasks');

-- messages have no index: no user can find out by the time of a search which words others write
create index concurrently if not exists users_texts_words       on users_texts       using gin (folded gin_trgm_ops);
create index concurrently if not exists equipment_texts_words   on equipment_texts   using gin (folded gin_trgm_ops);
create index concurrently if not exists schedules_texts_words   on schedules_texts   using gin (folded gin_trgm_ops);
create index concurrently if not exists maintenance_texts_words on maintenance_texts using gin (folded gin_trgm_ops);
create index concurrently if not exists documents_texts_words   on documents_texts   using gin (folded gin_trgm_ops);
create index concurrently if not exists reports_texts_words     on reports_texts     using gin (folded gin_trgm_ops);
create index concurrently if not exists tasks_texts_words       on tasks_texts       using gin (folded gin_trgm_ops);
-- an expression of its own, so that a search of these rows uses no other index, whatever the planner estimates
create index concurrently if not exists documents_texts_public  on documents_texts   using gin ((case when is_public then folded end) gin_trgm_ops) where is_public;
create index concurrently if not exists tasks_texts_public      on tasks_texts       using gin ((case when is_public then folded end) gin_trgm_ops) where is_public;

-- what searched before
drop index concurrently if exists users_search;
drop index concurrently if exists equipment_search;
drop index concurrently if exists schedules_search;
drop index concurrently if exists maintenance_search;
drop index concurrently if exists documents_search;
drop index concurrently if exists reports_search;
drop index concurrently if exists tasks_search;
