// refused: A list in the body is not a column: the .sql or .server_set must read it.
#include "api.hpp"
#include "objects/message.hpp"

constexpr api::Endpoint<Message, Message> create{
    {.route = "POST /api/v1/messages", .summary = "Send.", .permissions = {"messages.send"}, .resource = messages}};
