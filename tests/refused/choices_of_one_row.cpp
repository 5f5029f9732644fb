// refused: Only a list can have .choices.
#include "api.hpp"
#include "objects/message.hpp"

constexpr api::Endpoint<api::None, Message> show{{.route = "GET /api/v1/messages/{message_id}",
                                                  .summary = "Show.",
                                                  .permissions = {api::caller},
                                                  .resource = messages,
                                                  .choices = {{"box", "inbox", "it.is_received"}}}};
