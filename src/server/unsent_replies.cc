#include "server/unsent_replies.h"

#include <string>
#include <utility>
#include <vector>

#include "vitrine/base/clock.h"
#include "vitrine/base/log.h"

namespace vitrine {

UnsentReplies::Ticket UnsentReplies::Add(std::size_t bytes, std::function<void()> give_up) {
  std::vector<Reply> slow;
  Ticket ticket = 0;
  {
    const std::lock_guard lock(mutex_);
    ticket = next_++;
    replies_.emplace(ticket, Reply{bytes, std::move(give_up)});
    bytes_ += bytes;
    while (max_bytes_ > 0 && bytes_ > max_bytes_ && replies_.size() > 1) {
      slow.push_back(std::move(replies_.extract(replies_.begin()).mapped()));
      bytes_ -= slow.back().bytes;
    }
  }
  // Without the lock: giving up may end calls here and now, which are removed, and begin others,
  // which are added.
  for (const Reply& reply : slow) reply.give_up();
  if (!slow.empty()) Tell(slow.size());
  return ticket;
}

void UnsentReplies::Remove(Ticket ticket) {
  Reply removed;  // What its `give_up` holds is let go without the lock.
  const std::lock_guard lock(mutex_);
  const auto reply = replies_.find(ticket);
  if (reply == replies_.end()) return;
  bytes_ -= reply->second.bytes;
  removed = std::move(reply->second);
  replies_.erase(reply);
}

std::size_t UnsentReplies::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

void UnsentReplies::Tell(std::size_t num_given_up) {
  if (given_up_ != nullptr) given_up_->Add(num_given_up);
  num_untold_ += num_given_up;
  if (lines_.Take(MonotonicNow()) > 0) return;
  Log(LogLevel::kWarning, "server.slow-client",
      {{"given_up", num_untold_.exchange(0)}, {"unsent_bytes", bytes()}});
}

}  // namespace vitrine
