// chat_history: looks after the database of a chat. scripts/history.sh starts it.
#include "chat/history_frame.hpp"
#include "chat/names.hpp"
#include "history/history.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <exception>
#include <fstream>
#include <iostream>
#include <string>

namespace {

struct Arguments {
    std::string file{};
    std::string kind{};  // lobby, room, inbox
    std::string name{};  // of the room, or of the user
    bool all = false;
    std::string lines{};  // a file; empty: stdin
};

/// As the log names it.
std::string conversation_of(const Arguments& arguments) {
    if (arguments.all) {
        return "";
    }
    if (arguments.kind == "lobby") {
        return std::string(chat::lobby_log);
    }
    const auto name = chat::normalize_name(arguments.name);
    if (!name) {
        throw history::HistoryError(fmt::format("\"{}\" isn't a name", arguments.name));
    }
    const auto kind = arguments.kind == "room" ? chat::room_log : chat::inbox_log;
    return std::string(kind) + chat::name_key(*name);
}

void check_arguments(const Arguments& arguments) {
    const bool needs_name = arguments.kind == "room" || arguments.kind == "inbox";
    if (arguments.all == !arguments.kind.empty()) {
        throw CLI::ValidationError("export",
                                   "which conversation? Say lobby, room NAME, inbox NAME, "
                                   "or --all");
    }
    if (needs_name == arguments.name.empty()) {
        throw CLI::ValidationError("export",
                                   needs_name ? "whose? Say the name" : "the lobby has no name");
    }
}

void import_from(const Arguments& arguments) {
    std::size_t count = 0;
    if (arguments.lines.empty()) {
        count = history::import_lines(arguments.file, std::cin);
    } else {
        std::ifstream lines(arguments.lines);
        if (!lines) {
            throw history::HistoryError(fmt::format("{}: it can't be read", arguments.lines));
        }
        count = history::import_lines(arguments.file, lines);
    }
    fmt::print("{}: {} messages imported\n", arguments.file, count);
}

CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& description,
                      Arguments& arguments) {
    CLI::App* const command = app.add_subcommand(name, description);
    command->add_option("FILE", arguments.file, "The database, as --database names it")
        ->required()
        ->type_name("");
    return command;
}

int run(int argc, char** argv) {
    CLI::App app("Manages the database of a chat.", "chat_history");
    app.require_subcommand(1);
    Arguments arguments;
    CLI::App* const exports =
        add_command(app, "export", "Writes messages to stdout, a line of JSON each", arguments);
    exports->add_option("KIND", arguments.kind, "lobby, room or inbox")
        ->type_name("")
        ->check(CLI::IsMember({"lobby", "room", "inbox"}));
    exports->add_option("NAME", arguments.name, "The name of the room or of the user")
        ->type_name("");
    exports->add_flag("--all", arguments.all, "All conversations");
    CLI::App* const imports =
        add_command(app, "import", "Reads such lines, all of them or none", arguments);
    imports->add_option("LINES", arguments.lines, "The file with the lines, else stdin")
        ->type_name("");
    CLI::App* const checks = add_command(app, "check", "Checks whether it's intact", arguments);
    CLI::App* const compacts =
        add_command(app, "compact", "Frees the space of what was deleted", arguments);
    try {
        app.parse(argc, argv);
        if (exports->parsed()) {
            check_arguments(arguments);
        }
    } catch (const CLI::Success& done) {
        return app.exit(done);
    } catch (const CLI::ParseError& error) {
        fmt::print(stderr, "chat_history: {} (see chat_history --help)\n", error.what());
        return 2;
    }
    if (exports->parsed()) {
        history::export_lines(arguments.file, conversation_of(arguments), std::cout);
    } else if (imports->parsed()) {
        import_from(arguments);
    } else if (checks->parsed()) {
        return history::check(arguments.file, std::cout) ? 0 : 1;
    } else if (compacts->parsed()) {
        history::compact(arguments.file, std::cout);
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    std::ios::sync_with_stdio(false);
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        fmt::print(stderr, "chat_history: {}\n", error.what());
        return 1;
    }
}
