#pragma once

#include <csignal>

namespace vitrine::cli {

// While it lives, the first Ctrl-C, SIGTERM or SIGHUP is noted instead of ending the process, so
// that a command can remove what is half made; a second one of the same kind ends it at once. What
// the process ignores, as under nohup, it goes on to ignore. One at a time.
//
//   const StopSignal stop;
//   return store->BackUp(to, [&] { return stop.has_come(); });
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  bool has_come() const;

 private:
  static constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

  struct sigaction before_[3] = {};  // Of each of kSignals.
};

}  // namespace vitrine::cli
