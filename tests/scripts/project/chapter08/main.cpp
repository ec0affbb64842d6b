// Stands in for the chat server in the tests of the scripts: answers every connection with a
// greeting and its process id, and tells a signal that came once from one that came twice.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>

namespace {

const std::string greeting = "first version";

bool readable(int descriptor, int other, int milliseconds) {
    pollfd waiting[] = {{descriptor, POLLIN, 0}, {other, POLLIN, 0}};
    poll(waiting, other < 0 ? 1 : 2, milliseconds);
    return (waiting[0].revents & POLLIN) != 0;
}

}  // namespace

int main(int count, char** arguments) {
    for (int i = 1; i < count; ++i) {
        std::printf("argument: %s\n", arguments[i]);
    }
    std::fflush(stdout);
    const std::string option = count > 1 ? arguments[1] : "";
    if (option == "--help") {
        return 0;
    }
    if (option == "--bad") {
        return 2;
    }

    // Handled and blocked, as in a server: a shell starts background programs with SIGINT ignored.
    std::signal(SIGINT, [](int) {});
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    const int signal = signalfd(-1, &signals, 0);

    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(listener, 16) != 0 ||
        getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        return 1;
    }
    std::printf("running on http://127.0.0.1:%d\n", ntohs(address.sin_port));
    std::fflush(stdout);

    while (!readable(signal, listener, -1)) {
        const int client = accept(listener, nullptr, nullptr);
        const std::string answer = greeting + " " + std::to_string(getpid());
        send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
        close(client);
    }
    signalfd_siginfo which;
    if (read(signal, &which, sizeof(which)) != sizeof(which)) {
        return 1;
    }
    std::puts("saying goodbye");
    std::fflush(stdout);
    if (readable(signal, -1, option == "--long-goodbye" ? 30'000 : 300)) {
        std::puts("told twice");
        return 3;
    }
    std::printf("told once: %u\n", which.ssi_signo);
    return 0;
}
