#include "history_options.hpp"

#include "seconds_option.hpp"

#include <CLI/CLI.hpp>

#include <stdexcept>

namespace {

constexpr double max_days = 36'500;
constexpr std::size_t mebibyte = 1024 * 1024;

}  // namespace

void add_history_options(CLI::App& app, chat::ChatSettings& chat, HistoryOptions& options) {
    chat_log::Retention& history = chat.history;
    app.add_option("--database", chat.database,
                   "The file in which the server keeps messages; it creates the file if there is "
                   "none. Without it messages are only in memory")
        ->envname("CHAT_DATABASE")
        ->type_name("FILE");
    app.add_option_function<std::string>(
           "--redis",
           [&chat](const std::string& url) {
               try {
                   chat.redis = chat_redis::parse_redis_url(url);
               } catch (const std::invalid_argument& error) {
                   throw CLI::ValidationError("--redis", error.what());
               }
           },
           "Where several servers meet to be one chat: redis://[[user]:password@]host[:port][/db], "
           "or unix://[[user]:password@]/path[?db=N]")
        ->envname("CHAT_REDIS")
        ->type_name("URL")
        ->excludes("--database");
    app.add_option_function<std::size_t>(
           "--history-messages", [&options](const std::size_t& count) { options.messages = count; },
           "How many messages of each conversation are kept: 1000, and with a database all; 0 for "
           "no limit")
        ->envname("CHAT_HISTORY_MESSAGES")
        ->type_name("COUNT")
        ->check(CLI::Range(0, 1'000'000'000));
    app.add_option("--history-bytes", history.max_memory,
                   "How much memory the messages of all conversations may take")
        ->envname("CHAT_HISTORY_BYTES")
        ->type_name("BYTES")
        ->check(CLI::Range(mebibyte, mebibyte * mebibyte));
    app.add_option("--history-age", options.days, "How long a database keeps a message, in days")
        ->envname("CHAT_HISTORY_AGE")
        ->type_name("DAYS")
        ->check(CLI::Range(0.001, max_days));
    add_seconds(app, "--dedup-window", "CHAT_DEDUP_WINDOW", options.dedup_window, 0,
                "How long the server recognises a message that is sent again");
    app.add_option("--dedup-entries", history.dedup_entries,
                   "How many ids of one user it remembers, without a database; 0 for no limit")
        ->envname("CHAT_DEDUP_ENTRIES")
        ->type_name("COUNT")
        ->check(CLI::Range(0, 1'000'000'000));
    add_seconds(app, "--resume-window", "CHAT_RESUME_WINDOW", chat.resume_window, 0,
                "Without tokens: how long an inbox waits for its user to come back");
    app.add_option("--look-back", chat.look_back,
                   "Whether members can read what people said before they came: true or false")
        ->envname("CHAT_LOOK_BACK")
        ->type_name("BOOL")
        ->default_str("true");
}

void read_history(const HistoryOptions& options, chat::ChatSettings& chat) {
    using Duration = std::chrono::system_clock::duration;
    using Days = std::chrono::duration<double, std::chrono::days::period>;
    chat_log::Retention& history = chat.history;
    history.max_messages =
        options.messages.value_or(chat.database.empty() ? history.max_messages : 0);
    history.max_age = std::chrono::duration_cast<Duration>(Days(options.days));
    history.dedup_window = std::chrono::duration_cast<Duration>(options.dedup_window);
}
