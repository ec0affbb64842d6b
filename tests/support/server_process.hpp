// The program itself, as a process of its own.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace test {

class ServerProcess {
public:
    using Environment = std::vector<std::string>;  ///< such as `CHAT_PORT=0`

    /// Starts the program CHAPTER08, or the one of this build. Settings of the surrounding
    /// environment (`CHAT_…`, HOST, PORT) do not reach it.
    explicit ServerProcess(std::vector<std::string> arguments, Environment environment = {},
                           std::string program = chapter08());

    static std::string chapter08();
    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;

    /// Kills it, if it still runs.
    ~ServerProcess();

    /// Waits for the line that says where it listens.
    unsigned short port();

    /// Waits until what it has written to stderr or stdout matches, and returns the first group.
    std::string wait_for(const std::string& regex);

    void send_signal(int signal);

    /// Lets it have only so many descriptors from now on, as `ulimit -n` does.
    void limit_descriptors(std::size_t most);
    /// Lets none of its files grow beyond so many bytes from now on, as `ulimit -f` does. The limit
    /// can be raised again.
    void limit_file_size(std::size_t most);
    std::size_t open_descriptors() const;
    /// The memory that it has in RAM.
    std::size_t resident_bytes() const;
    /// The time that it has run on a processor, in the kernel too.
    double processor_seconds() const;

    /// Waits for its end: the exit status, or minus the number of the signal that killed it.
    int wait();

    /// All that it has written, once it has ended.
    const std::string& standard_error() const noexcept { return standard_error_; }
    const std::string& standard_output() const noexcept { return standard_output_; }

private:
    bool read_some();

    pid_t pid_ = -1;
    int output_ = -1;
    int error_ = -1;
    std::chrono::steady_clock::time_point end_;  // it is waited for until then
    std::string standard_output_;
    std::string standard_error_;
};

/// Makes sure that this process, and those that it starts from now on, may have so many
/// descriptors. Throws std::runtime_error if the system does not let it.
void need_descriptors(std::size_t count);

}  // namespace test
