-- The texts that a search looks through: what sql/functions/search.sql makes of the words of a row, beside the row.

-- A change of a row that is not a change of its text writes nothing here. Triggers keep these tables, and no handler writes
-- them. They have no foreign keys, because the triggers alone remove what is gone. The bytes are compared, so an index is
-- the same in every locale. is_public: all users see the row, see keep_texts().
create table equipment_texts   (id bigint primary key, folded text collate "C" not null);
create table maintenance_texts (id bigint primary key, folded text collate "C" not null);
create table schedules_texts   (id bigint primary key, folded text collate "C" not null);
create table users_texts       (id bigint primary key, folded text collate "C" not null);
create table reports_texts     (id bigint primary key, folded text collate "C" not null);
create table messages_texts    (id bigint primary key, folded text collate "C" not null);
create table tasks_texts       (id bigint primary key, folded text collate "C" not null, is_public boolean not null);
create table documents_texts   (id bigint primary key, folded text collate "C" not null, is_public boolean not null);
