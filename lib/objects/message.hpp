// A message from one user to others, as the caller's copy of it.
#pragma once
#include "objects/task.hpp"

/// The caller's own copies of messages: those sent and those received.
inline constexpr api::Resource messages{
    .name = "message",
    .table = "mailbox",
    .path = "/api/v1/messages",
    .visible = {"it.holder = me.id"},
    .computed = {{"recipients", R"((select jsonb_agg(c.holder order by c.holder)
                     from message_copies c where c.message = it.id and c.is_received))"}},
    .searched = {.columns = {"subject", "body"}, .texts = "messages_texts"},
};

struct Message {
    api::ReadOnly<api::Id> id;
    api::ReadOnly<api::Id> sender;
    api::References<::users, 1, 50> recipients;
    api::Text<1, 200> subject;
    api::Text<1> body;
    std::optional<api::Reference<::tasks>> task;
    api::ReadOnly<api::Time> sent_at;
    api::ReadOnly<std::optional<api::Time>> read_at;  ///< when the caller read it; null: not yet
    api::ReadOnly<int> version;
};
BOOST_DESCRIBE_STRUCT(Message, (), (id, sender, recipients, subject, body, task, sent_at, read_at, version))

/// A message in the statement that creates it: a statement does not see the copies that its own parts insert.
inline constexpr api::Resource new_messages{
    .name = messages.name,
    .table = "messages",
    .path = messages.path,
    .visible = {"it.sender = me.id"},
    .computed = {{"recipients", R"((select jsonb_agg(named.id::bigint order by named.id::bigint)
                     from jsonb_array_elements_text(:body.recipients) named (id)))"},
                 {"read_at", "null::timestamptz"},
                 {"version", "1"}},
};

/// Whether the caller has read a message.
struct Mark {
    api::Required<bool> read;
};
BOOST_DESCRIBE_STRUCT(Mark, (), (read))
