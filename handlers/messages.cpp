// Messages between users, visible only to their sender and their recipients.
#include "api.hpp"
#include "objects/message.hpp"

namespace {

constexpr api::Endpoint<api::None, api::Page<Message>> list{{
    .route = "GET /api/v1/messages",
    .summary = "List the messages that you have sent or received.",
    .permissions = {api::caller},
    .resource = messages,
    .filters = {"sender", "task", "sent_at", "search"},
    .choices = {{"box", "inbox", "it.is_received"},
                {"box", "sent", "it.is_sent"},
                {"unread", "true", "it.is_received and it.read_at is null"},
                {"unread", "false", "not (it.is_received and it.read_at is null)"}},
    .ordering = {"id", "sent_at"},
}};

constexpr api::Endpoint<Message, Message> create{{
    .route = "POST /api/v1/messages",
    .summary = "Send a message to 1 to 50 users.",
    .permissions = {"messages.send"},
    .resource = new_messages,
    .server_set = {{"sender", "me.id"}},
    .sql = R"(copies as (
        insert into message_copies (message, holder, sender, sent_at, is_sent, is_received)
        select answer.id, copy.holder, answer.sender, answer.sent_at, bool_or(copy.is_sent), not bool_and(copy.is_sent)
          from answer cross join lateral (
                   select answer.sender as holder, true as is_sent
                    union all
                   select named.id::bigint, false from jsonb_array_elements_text(:body.recipients) named (id)) copy
         group by answer.id, answer.sender, answer.sent_at, copy.holder
    ))",
}};

constexpr api::Endpoint<api::None, Message> show{{
    .route = "GET /api/v1/messages/{message_id}",
    .summary = "Show one message. This does not mark it as read.",
    .permissions = {api::caller},
    .resource = messages,
}};

constexpr api::Endpoint<Mark, Message> mark{{
    .route = "PATCH /api/v1/messages/{message_id}",
    .summary = "Mark a message that you have received as read or unread.",
    .permissions = {api::caller},
    .resource = messages,
    .rules = {{.code = "not_recipient",
               .status = 403,
               .when = "not it.is_received",
               .detail = "Only a recipient can mark this message as read or unread."}},
    .sql = R"(marked as (
        update message_copies c
           set read_at = case when :body.read then coalesce(c.read_at, now()) end,
               version = c.version + case when :body.read = (c.read_at is null) then 1 else 0 end
          from authorized
         where c.holder = authorized.holder and c.message = authorized.id
        returning c.read_at, c.version
    ), answer as (
        select authorized.id, authorized.sender, authorized.subject, authorized.body, authorized.task, authorized.sent_at,
               marked.read_at, marked.version
          from authorized cross join marked
    ))",
}};

// deleting the row of the message deletes its copies
constexpr api::Endpoint<api::None, api::None> delete_message{{
    .route = "DELETE /api/v1/messages/{message_id}",
    .summary = "Delete a message. If you sent it, it is deleted for all users. "
               "If you received it, it is deleted only for you.",
    .permissions = {api::caller},
    .resource = messages,
    .sql = R"(taken_back as (
        delete from messages m using authorized where m.id = authorized.id and authorized.is_sent
    ), answer as (
        update message_copies c
           set is_deleted = true
          from authorized
         where c.holder = authorized.holder and c.message = authorized.id and not authorized.is_sent
        returning c.message as id
    ))",
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, list, create, show, mark, delete_message); }
