#pragma once

#include <functional>

#include "absl/status/status.h"

namespace vitrine {

// Whether the time of one request is up, and whether anything was left out of its answer for that.
// Of one thread. Both functions must outlive it; empty ones are never true.
class Lateness {
 public:
  Lateness(const std::function<bool()>& is_late, const std::function<bool()>& is_gone)
      : is_late_(is_late), is_gone_(is_gone) {}

  // Nobody will ask: there is no need to.
  bool can_be_late() const { return is_late_ || is_gone_; }

  // Whether the work that comes next has to be left out. Ask where it then is, and nowhere else:
  // the answer remembers. Once true it stays so.
  bool LeavesOut() {
    was_late_ = was_late_ || IsAbandoned() || (is_late_ && is_late_());
    return was_late_;
  }

  bool was_late() const { return was_late_; }

  // Whether nobody waits for the answer any more.
  bool IsAbandoned() const { return is_gone_ && is_gone_(); }

  // CANCELLED where nobody does.
  absl::Status CheckCaller() const {
    return IsAbandoned() ? absl::CancelledError("the caller has gone") : absl::OkStatus();
  }

 private:
  const std::function<bool()>& is_late_;
  const std::function<bool()>& is_gone_;
  bool was_late_ = false;
};

}  // namespace vitrine
