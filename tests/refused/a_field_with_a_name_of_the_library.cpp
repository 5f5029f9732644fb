// refused: A field of the body has a name that the library gives to every statement.
#include "api.hpp"
#include "objects/task.hpp"

struct Keyed {
    api::Text<1, 200> title;
    api::Text<0, 200> key;
};
BOOST_DESCRIBE_STRUCT(Keyed, (), (title, key))

constexpr api::Endpoint<Keyed, Task> create{{
    .route = "POST /api/v1/tasks", .summary = "Create.", .permissions = {api::caller}, .object = tasks}};
