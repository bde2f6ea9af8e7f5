#pragma once

#include <memory>
#include <utility>
#include <vector>

namespace vitrine {

// What scorers have worked out of one query and are asked for again: a list is scored first and
// explained then, and a fold-in serves both. Changes no answer. One thread's.
class QueryMemo {
 public:
  // What `owner`, which makes one thing of a query, has made of it: by make() where it has not yet,
  // or where `memo` is null.
  template <typename T, typename Make>
  static std::shared_ptr<const T> Recall(QueryMemo* memo, const void* owner, const Make& make) {
    if (memo == nullptr) return std::make_shared<const T>(make());
    for (const Entry& entry : memo->entries_) {
      if (entry.owner == owner) return std::static_pointer_cast<const T>(entry.made);
    }
    auto made = std::make_shared<const T>(make());
    memo->entries_.push_back({owner, made});
    return made;
  }

 private:
  struct Entry {
    const void* owner = nullptr;
    std::shared_ptr<const void> made{};
  };

  std::vector<Entry> entries_;
};

}  // namespace vitrine
