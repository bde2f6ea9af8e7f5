#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

namespace vitrine::testing {

// `vitrine serve` as a process of its own, on a free port of this machine, unless `listen` says
// otherwise: what follows --listen. Killed at the end, if it still lives; its log is appended to a
// file.
class ServerChild {
 public:
  ServerChild(const std::string& store, const std::string& config, const std::string& log,
              const std::vector<std::string>& listen = {"127.0.0.1:0"}) {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
    std::vector<std::string> words = {VITRINE_BINARY, "serve", "--store", store,
                                      "--config",     config,  "--listen"};
    words.insert(words.end(), listen.begin(), listen.end());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    if (posix_spawn(&id_, VITRINE_BINARY, &actions, nullptr, arguments.data(), environ) != 0) {
      ADD_FAILURE() << "cannot start " << VITRINE_BINARY;
      id_ = -1;
    }
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    out_ = ends[0];
  }
  ~ServerChild() {
    End(SIGKILL);
    close(out_);
  }
  ServerChild(const ServerChild&) = delete;
  ServerChild& operator=(const ServerChild&) = delete;

  // Where it serves, from the line that it prints once it answers; empty when none came in time.
  std::string WaitForAddress() const {
    std::string line;
    pollfd readable = {.fd = out_, .events = POLLIN, .revents = 0};
    for (char c = 0; poll(&readable, 1, 60'000) == 1 && read(out_, &c, 1) == 1 && c != '\n';) {
      line += c;
    }
    return line.substr(line.rfind(' ') + 1);
  }

  pid_t id() const { return id_; }
  // Sends a signal that is not the end.
  void Send(int signal) const {
    if (id_ > 0) kill(id_, signal);
  }

  // Sends the signal and waits for the end: what waitpid says, or -1 when it had ended before.
  int End(int signal) {
    if (id_ <= 0) return -1;
    int status = -1;
    kill(id_, signal);
    waitpid(id_, &status, 0);
    id_ = -1;
    return status;
  }

 private:
  pid_t id_ = -1;
  int out_ = -1;
};

}  // namespace vitrine::testing
