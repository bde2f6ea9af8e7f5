#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "vitrine/evaluation/split.h"

namespace vitrine {

// The distinct items of `interactions`, ascending.
std::vector<ItemIndex> DistinctItems(std::span<const Interaction> interactions);

// The items whose weights sum to more than 0, ascending.
std::vector<ItemIndex> LikedItems(std::span<const Interaction> interactions);

// Appends a user with this history to `to`, with the name and the profile that `from` has for it.
void AppendUser(const Dataset& from, std::size_t user, std::span<const Interaction> history,
                Dataset& to);

// As TemporalCut of a data set, of times in any order.
Micros TemporalCut(std::vector<Micros> times, double test_share);

// Puts a split of a data set together, user by user. Every item is a candidate unless said
// otherwise.
class SplitBuilder {
 public:
  SplitBuilder(const Dataset& dataset, bool allow_repeats);

  // The user's row of the train part.
  std::uint32_t Train(std::size_t user, std::span<const Interaction> history);

  // The cases asked from here on are of another user or session of the data set, whose interactions
  // these are. `training_user`: its row of the train part, or kNoTrainingUser.
  void BeginGroup(std::size_t user, std::span<const Interaction> past, std::uint32_t training_user);

  // Asks the group after its first `num_shown` interactions. No case when nothing is relevant, or
  // everything that is masked. REQUIRES: `relevant` ascending and distinct.
  void Ask(std::size_t num_shown, Micros now_us, std::vector<ItemIndex> relevant);

  // Candidates are what the train part has, and nothing else is relevant to later cases.
  void KeepToTrained();

  // `now_us`: the moment that the train part speaks of.
  Split Take(Micros now_us);
  Split Take();  // The latest moment in it.

 private:
  const Dataset& dataset_;
  Split split_;
  bool is_kept_to_trained_ = false;
  bool has_case_ = false;  // Of the group that was begun last.
  std::uint64_t group_begin_ = 0;
  std::uint32_t training_user_ = kNoTrainingUser;
  std::shared_ptr<const ProfileAttributes> profile_;
};

}  // namespace vitrine
