#include "feature_store/behaviour/active_days.h"

#include <algorithm>
#include <bit>

namespace vitrine {
namespace {

constexpr std::int64_t kBits = 64;

}  // namespace

void ActiveDays::Add(std::int64_t day) {
  const std::int64_t word = day / kBits;
  if (words_.empty()) first_word_ = word;
  if (word < first_word_) {
    words_.insert(words_.begin(), static_cast<std::size_t>(first_word_ - word), 0);
    first_word_ = word;
  }
  const auto at = static_cast<std::size_t>(word - first_word_);
  if (at >= words_.size()) words_.resize(at + 1);
  words_[at] |= std::uint64_t{1} << (day % kBits);
}

void ActiveDays::Merge(const ActiveDays& other) {
  if (other.words_.empty()) return;
  Add(other.first_word_ * kBits + std::countr_zero(other.words_.front()));
  Add((other.first_word_ + static_cast<std::int64_t>(other.words_.size())) * kBits - 1 -
      std::countl_zero(other.words_.back()));
  const auto shift = static_cast<std::size_t>(other.first_word_ - first_word_);
  for (std::size_t i = 0; i < other.words_.size(); ++i) words_[shift + i] |= other.words_[i];
}

std::uint32_t ActiveDays::Count() const {
  int count = 0;
  for (const std::uint64_t word : words_) count += std::popcount(word);
  return static_cast<std::uint32_t>(count);
}

std::uint32_t ActiveDays::Count(std::int64_t from, std::int64_t to) const {
  std::uint32_t count = 0;
  for (std::int64_t day = from; day <= to; ++day) count += Contains(day) ? 1 : 0;
  return count;
}

std::uint32_t ActiveDays::LongestRun() const {
  std::uint32_t longest = 0;
  std::uint32_t run = 0;
  for (std::uint64_t word : words_) {
    for (std::int64_t left = kBits; left > 0;) {
      const auto ones = std::min<std::int64_t>(left, std::countr_one(word));
      run += static_cast<std::uint32_t>(ones);
      longest = std::max(longest, run);
      left -= ones;
      if (left == 0) break;
      run = 0;
      word >>= ones;
      const auto zeros = std::min<std::int64_t>(left, std::countr_zero(word));
      left -= zeros;
      if (left > 0) word >>= zeros;
    }
  }
  return longest;
}

std::uint32_t ActiveDays::CurrentRun(std::int64_t day) const {
  if (!Contains(day)) --day;
  std::uint32_t run = 0;
  for (; Contains(day); --day) ++run;
  return run;
}

bool ActiveDays::Contains(std::int64_t day) const {
  const std::int64_t at = day / kBits - first_word_;
  if (day < 0 || at < 0 || at >= static_cast<std::int64_t>(words_.size())) return false;
  return (words_[static_cast<std::size_t>(at)] >> (day % kBits) & 1) != 0;
}

void ActiveDays::Write(ByteWriter& writer) const {
  writer.Signed(first_word_);
  writer.Unsigned(words_.size());
  for (const std::uint64_t word : words_) writer.Unsigned(word);
}

void ActiveDays::Read(ByteReader& reader) {
  first_word_ = reader.Signed();
  words_.assign(reader.Count(1), 0);
  for (std::uint64_t& word : words_) word = reader.Unsigned();
}

}  // namespace vitrine
