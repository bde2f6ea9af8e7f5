#include "cli/stop_signal.h"

#include <atomic>
#include <cstddef>
#include <iterator>
#include <type_traits>

namespace vitrine::cli {
namespace {

// A signal's handler is given nothing else that it could note in.
std::atomic<bool> has_stop_come = false;
static_assert(std::atomic<bool>::is_always_lock_free);

void NoteStop(int /*signal*/) { has_stop_come = true; }

}  // namespace

StopSignal::StopSignal() {
  static_assert(std::size(kSignals) == std::extent_v<decltype(before_)>);
  has_stop_come = false;
  struct sigaction noted = {};
  noted.sa_handler = &NoteStop;
  noted.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  for (std::size_t i = 0; i < std::size(kSignals); ++i) {
    sigaction(kSignals[i], nullptr, &before_[i]);
    if (before_[i].sa_handler != SIG_IGN) sigaction(kSignals[i], &noted, nullptr);
  }
}

StopSignal::~StopSignal() {
  for (std::size_t i = 0; i < std::size(kSignals); ++i) {
    sigaction(kSignals[i], &before_[i], nullptr);
  }
}

bool StopSignal::has_come() const { return has_stop_come; }

}  // namespace vitrine::cli
