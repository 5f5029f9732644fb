-- Messages, reports, documents, and the pictures of profiles.

-- What somebody wrote to others. It never changes; who has it is in message_copies.
create table messages (
    id      bigint generated always as identity primary key,
    sender  bigint      not null constraint no_such_sender references users,
    subject text        not null constraint subject_length check (length(subject) between 1 and 200),
    body    text        not null constraint body_length check (length(body) between 1 and 10000),
    task    bigint      constraint no_such_task references tasks on delete set null,
    sent_at timestamptz not null default now()
);
create index messages_of_task on messages (task) where task is not null;

-- One for the sender and for each recipient, whose list is read in the order of its key. Who deletes theirs stays named
-- among the recipients. The sender and the moment of the message stand here too, and no index has the words of all messages:
-- nobody's list is looked for among the messages of others, and a search looks into one's own, one after the other.
create table message_copies (
    message     bigint  not null references messages on delete cascade,
    holder      bigint  not null constraint no_such_recipient references users,
    sender      bigint  not null,
    sent_at     timestamptz not null,
    is_sent     boolean not null,
    is_received boolean not null,  -- both are true of a message to oneself
    is_deleted  boolean not null default false,
    read_at     timestamptz,
    version     integer not null default 1,
    primary key (holder, message),
    constraint sent_or_received check (is_sent or is_received)
);
create index message_copies_of_message on message_copies (message);
create index message_copies_kept   on message_copies (holder, message) where not is_deleted;
create index message_copies_by_sender on message_copies (holder, sender, message) where not is_deleted;
create index message_copies_by_time   on message_copies (holder, sent_at, message) where not is_deleted;
create index message_copies_inbox  on message_copies (holder, message) where is_received and not is_deleted;
create index message_copies_sent   on message_copies (holder, message) where is_sent and not is_deleted;
create index message_copies_unread on message_copies (holder, message) where is_received and not is_deleted and read_at is null;

create table reports (
    id           bigint generated always as identity primary key,
    author       bigint      not null constraint no_such_author references users,
    title        text        not null constraint report_title_length check (length(title) between 1 and 200),
    body         text        not null constraint report_body_length check (length(body) between 1 and 10000),
    task         bigint      constraint no_such_task references tasks on delete set null,
    equipment    bigint      constraint no_such_equipment references equipment on delete set null,
    period_start date,
    period_end   date,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now(),
    version      integer     not null default 1,
    constraint period_in_order check (period_end >= period_start)
);
create index reports_of_author    on reports (author, id);
create index reports_of_task      on reports (task, id) where task is not null;
create index reports_of_equipment on reports (equipment, id) where equipment is not null;
create index reports_of_no_task      on reports (id) where task is null;
create index reports_of_no_equipment on reports (id) where equipment is null;
create index reports_by_title     on reports (title, id);
create index reports_by_start      on reports (coalesce(period_start, 'infinity'), id);
create index reports_by_start_desc on reports (coalesce(period_start, '-infinity'), id);
create index reports_by_end        on reports (coalesce(period_end, 'infinity'), id);
create index reports_by_end_desc   on reports (coalesce(period_end, '-infinity'), id);
create index reports_search       on reports using gin ((title || ' ' || body) gin_trgm_ops);

-- A row for each file that somebody stored; rows of equal content share one file, which the SHA-256 names. The row goes
-- first, its file later: `fettle sweep` removes files without a row.
create table documents (
    id           bigint generated always as identity primary key,
    owner        bigint      not null constraint no_such_owner references users,
    title        text        not null default '' constraint document_title_length check (length(title) <= 200),
    file_name    text        not null constraint file_name_length check (length(file_name) between 1 and 255),
    content_type text        not null,
    size_bytes   bigint      not null constraint size_not_negative check (size_bytes >= 0),
    sha256       text        not null constraint sha256_is_hex check (sha256 ~ '^[0-9a-f]{64}$'),
    task         bigint      constraint no_such_task references tasks on delete set null,
    equipment    bigint      constraint no_such_equipment references equipment on delete set null,
    maintenance  bigint      constraint no_such_maintenance references maintenance on delete set null,
    report       bigint      constraint no_such_report references reports on delete set null,
    message      bigint      constraint no_such_message references messages on delete set null,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now(),
    version      integer     not null default 1,
    constraint one_attachment check (num_nonnulls(task, equipment, maintenance, report, message) <= 1)
);
create index documents_of_owner       on documents (owner, id);
create index documents_of_task        on documents (task, id);
create index documents_of_equipment   on documents (equipment, id);
create index documents_of_maintenance on documents (maintenance, id);
create index documents_of_report      on documents (report, id);
create index documents_of_message     on documents (message, id);
create index documents_on_tasks       on documents (id) where task is not null;
create index documents_on_equipment   on documents (id) where equipment is not null;
create index documents_on_maintenance on documents (id) where maintenance is not null;
create index documents_on_reports     on documents (id) where report is not null;
create index documents_on_messages    on documents (id) where message is not null;
create index documents_on_tasks_by_title on documents (title, id) where task is not null;
create index documents_on_equipment_by_title on documents (title, id) where equipment is not null;
create index documents_on_maintenance_by_title on documents (title, id) where maintenance is not null;
create index documents_on_reports_by_title on documents (title, id) where report is not null;
create index documents_on_messages_by_title on documents (title, id) where message is not null;
create index documents_by_sha256      on documents (sha256);
create index documents_by_type        on documents (content_type, id);
create index documents_of_owner_by_title on documents (owner, title, id);
create index documents_by_title       on documents (title, id);
create index documents_search         on documents using gin ((title || ' ' || file_name) gin_trgm_ops);

-- What the documents of a person take, kept by a trigger: the quota is looked up, not summed.
create table storage_used (
    user_id bigint primary key references users,
    bytes   bigint not null constraint bytes_not_negative check (bytes >= 0)
);

-- The picture without its metadata, and its small version; both of the same type, both files like those of documents.
alter table profiles
    add picture_sha256   text constraint picture_sha256_is_hex   check (picture_sha256 ~ '^[0-9a-f]{64}$'),
    add thumbnail_sha256 text constraint thumbnail_sha256_is_hex check (thumbnail_sha256 ~ '^[0-9a-f]{64}$'),
    add picture_type     text constraint picture_type_known check (picture_type in ('image/png', 'image/jpeg', 'image/webp')),
    add constraint picture_is_whole check (num_nulls(picture_sha256, thumbnail_sha256, picture_type) in (0, 3));
create index profiles_by_picture   on profiles (picture_sha256) where picture_sha256 is not null;
create index profiles_by_thumbnail on profiles (thumbnail_sha256) where thumbnail_sha256 is not null;

-- Statistics count whole tables: each of their parts is read from one of these alone, and never from the table.
create index tasks_in_numbers       on tasks (status, priority_level);
create index tasks_open_by_due_date on tasks (due_date, priority_level) where status in ('Pending', 'In Progress');
create index tasks_by_completion    on tasks (completed_at) where completed_at is not null;
create index work_orders_held       on tasks ("user", claimed_until)
    where equipment is not null and status in ('Pending', 'In Progress') and claimed_until is not null;
create index maintenance_in_numbers on maintenance (performed_at) include (technician, hours_spent, cost);
