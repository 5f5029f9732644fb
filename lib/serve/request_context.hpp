// One request on its way through one endpoint: identify, check, run the statement, answer.
#pragma once
#include "http/input.hpp"
#include "sql/statement.hpp"
#include "files/storage.hpp"

namespace api {

struct PageRequest;

/// An operation with what is derived from it once, when the program starts.
struct Entry {
    Operation operation;
    Statement statement;         ///< empty for a list, whose statement depends on the query, and for mere code
    Statement caller_statement;  ///< empty for anyone
    Statement key_statement;     ///< of a POST that takes an Idempotency-Key
};

/// Who is asking.
struct Caller {
    std::int64_t id;
    bool has_session;  ///< and no personal access token
};

/// The status of what succeeds.
int success_of(const Operation& operation, std::string_view method);
/// The types that an answer can have, as a sentence says them.
std::string_view types_of(const Operation& operation);

/// What `.run` works with. Its errors are Problems.
class Exchange {
public:
    Exchange(const Entry& entry, Request& request, Database& database);

    /// Reads and checks everything that the client sent, in the order in which it is refused: who is asking (401),
    /// whether they may (403), then what was sent. Throws Problem.
    void check(const std::vector<std::pair<std::string, std::string>>& path_parameters);
    /// Runs the form: its code where it has some, else its statement. With an Idempotency-Key once, and then again the
    /// first answer.
    Reply run();

    /// The form's own statement and its answer.
    Reply answer();
    /// Another statement, one of the form's .queries, with :names from parameters. Its rows carry no refusal: join
    /// what it works on with the caller. Throws std::logic_error for a statement that the form does not name: nobody
    /// would check it against the schema, and the handler's role would have no grants for it.
    Rows query(std::string_view sql);
    /// A reply made of a described struct, where no statement answers.
    template <class T>
    Reply reply(const T& value) const {
        return reply_of(dump(value));
    }
    /// Who is asking, by the caller's part of the statement. Throws 401 and 403.
    Caller caller();
    /// The body.
    template <class T>
    T body() const {
        return load<T>(input.fields);
    }

    Request& request;
    Database& database;
    /// What the statement's row speaks of, kept with it: the file of the body, unless `.prepare` puts others there.
    std::vector<std::unique_ptr<Incoming>> files;
    Parameters parameters;  ///< of all statements; `.prepare` and `.run` add those of `.with`
    Input input;
    bool is_checked = false;  ///< check() has come to its end, and what was sent has been read

private:
    const Form& form() const { return entry_.operation.form; }
    void authenticate();
    void check_accept();
    void read_if_match();
    void read_idempotency_key();
    void read_fields();
    void receive();
    Reply once();
    /// A path of a form with its parameters in place.
    std::string in_place(std::string_view path) const;
    Reply work();
    /// A statement with what it wants to know of URLs.
    Rows ask(const Statement& statement);
    Rows decide(const Statement& statement);
    const Rule* rule_of(std::string_view code) const;
    [[noreturn]] void refuse(std::string_view refusal) const;
    void refuse_caller(const Rows& rows) const;
    Reply reply_of(const json::object& value) const;
    Reply one(const Rows& rows) const;
    Reply page();
    Reply whole_list(PageRequest& page);
    void set_list_headers(Reply& reply) const;
    void set_csv_headers(Reply& reply) const;
    void note_use(const Rows& rows, Reply& reply) const;

    const Entry& entry_;
    bool wants_csv_ = false;
    bool has_key_ = false;         ///< an Idempotency-Key came with the request
    bool in_transaction_ = false;  ///< and its work belongs to one that is open
};

}  // namespace api
