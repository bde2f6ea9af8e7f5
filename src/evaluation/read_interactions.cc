#include "vitrine/evaluation/read_interactions.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "evaluation/split_builder.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr std::size_t kMaxShownBytes = 80;
constexpr float kMaxWeight = 1e9F;        // Beyond it, sums of squares end in no number.
constexpr double kMaxUnixSeconds = 1e12;  // Beyond it, the file surely counts milliseconds.

// Numbers for texts in order of first appearance. Views the texts.
class Dictionary {
 public:
  std::uint32_t Intern(std::string_view text) {
    const auto next = static_cast<std::uint32_t>(texts_.size());
    const auto [entry, is_new] = index_.try_emplace(text, next);
    if (is_new) texts_.push_back(text);
    return entry->second;
  }
  std::size_t size() const { return texts_.size(); }
  std::vector<std::string> Texts() const { return {texts_.begin(), texts_.end()}; }

 private:
  std::unordered_map<std::string_view, std::uint32_t> index_;
  std::vector<std::string_view> texts_;
};

struct UserInteraction {
  std::uint32_t user = 0;
  Interaction interaction{};
};

// What one or two files have in common.
struct Dictionaries {
  Dictionary users{};
  Dictionary items{};
};

// Cuts the part of `text` before `separators` off and returns it.
std::string_view TakeUntil(std::string_view& text, std::string_view separators) {
  const std::size_t end = std::min(text.find_first_of(separators), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

// Appends what the line says to `read`. Empty, or what is wrong with the line.
using ParseLine = std::string_view (*)(std::string_view line, Dictionaries& names,
                                       std::vector<UserInteraction>& read);

Interaction MakeInteraction(std::uint32_t item) {
  return {.item = ItemIndex(item), .weight = 1, .type = EventType::kDetailPageView};
}

std::string_view ParsePairs(std::string_view line, Dictionaries& names,
                            std::vector<UserInteraction>& read) {
  std::string_view user_id;
  while (user_id.empty() && !line.empty()) user_id = TakeUntil(line, " \t");
  const std::uint32_t user = names.users.Intern(user_id);
  while (!line.empty()) {
    const std::string_view item_id = TakeUntil(line, " \t");
    if (!item_id.empty()) read.push_back({user, MakeInteraction(names.items.Intern(item_id))});
  }
  return {};
}

std::string_view ParseTsv(std::string_view line, Dictionaries& names,
                          std::vector<UserInteraction>& read) {
  std::vector<std::string_view> fields;
  while (!line.empty()) fields.push_back(TakeUntil(line, "\t"));
  if (fields.size() < 2 || fields.size() > 4 || fields[0].empty() || fields[1].empty()) {
    return "user<TAB>item[<TAB>weight[<TAB>unix_seconds]] is wanted";
  }
  float weight = 1;
  if (fields.size() > 2 && (!absl::SimpleAtof({fields[2].data(), fields[2].size()}, &weight) ||
                            !(std::abs(weight) <= kMaxWeight))) {
    return "the third field must be a number from -1e9 to 1e9";
  }
  double seconds = 0;
  if (fields.size() > 3 && (!absl::SimpleAtod({fields[3].data(), fields[3].size()}, &seconds) ||
                            !(std::abs(seconds) <= kMaxUnixSeconds))) {
    return "the fourth field, the time, must be in seconds since 1970";
  }
  Interaction interaction = MakeInteraction(names.items.Intern(fields[1]));
  interaction.weight = weight;
  interaction.time_us = std::llround(seconds * static_cast<double>(kMicrosPerSecond));
  read.push_back({names.users.Intern(fields[0]), interaction});
  return {};
}

std::string_view ParseRating(std::string_view line, Dictionaries& names,
                             std::vector<UserInteraction>& read) {
  constexpr std::string_view kWanted = "user<TAB>item<TAB>rating[<TAB>unix_seconds] is wanted";
  if (std::count(line.begin(), line.end(), '\t') < 2) return kWanted;
  const std::string_view problem = ParseTsv(line, names, read);
  if (!problem.empty()) return problem.starts_with("user") ? kWanted : problem;
  Interaction& rated = read.back().interaction;
  rated.type = EventType::kRate;
  rated.value = std::exchange(rated.weight, 0);
  rated.weight = EventWeights().Of(EventType::kRate, rated.value);
  return {};
}

ParseLine ParserOf(InteractionFormat format) {
  switch (format) {
    case InteractionFormat::kTsv:
      return &ParseTsv;
    case InteractionFormat::kRatings:
      return &ParseRating;
    case InteractionFormat::kPairsByUser:
      break;
  }
  return &ParsePairs;
}

absl::StatusOr<std::vector<UserInteraction>> Parse(std::string_view content,
                                                   const std::string& path,
                                                   InteractionFormat format, Dictionaries& names) {
  const ParseLine parse = ParserOf(format);
  std::vector<UserInteraction> read;
  for (std::size_t number = 1; !content.empty(); ++number) {
    std::string_view line = TakeUntil(content, "\n");
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    if (const std::string_view problem = parse(line, names, read); !problem.empty()) {
      return absl::InvalidArgumentError(absl::StrFormat("%s:%d: %s; saw '%s'", path, number,
                                                        problem, line.substr(0, kMaxShownBytes)));
    }
  }
  return read;
}

// Groups by user, oldest first; of one moment, in the file's order.
Dataset MakeDataset(const std::vector<UserInteraction>& read, const Dictionaries& names) {
  Dataset dataset;
  dataset.item_ids = names.items.Texts();
  dataset.items.resize(dataset.item_ids.size());
  dataset.user_ids = names.users.Texts();
  dataset.user_begin.assign(dataset.user_ids.size() + 1, 0);
  for (const UserInteraction& each : read) ++dataset.user_begin[each.user + 1];
  for (std::size_t user = 0; user < dataset.user_ids.size(); ++user) {
    dataset.user_begin[user + 1] += dataset.user_begin[user];
  }
  std::vector<std::uint64_t> next(dataset.user_begin.begin(), dataset.user_begin.end() - 1);
  dataset.interactions.resize(read.size());
  for (const UserInteraction& each : read) {
    dataset.interactions[next[each.user]++] = each.interaction;
    dataset.now_us = std::max(dataset.now_us, each.interaction.time_us);
  }
  for (std::size_t user = 0; user < dataset.user_ids.size(); ++user) {
    std::stable_sort(
        dataset.interactions.begin() + static_cast<std::ptrdiff_t>(dataset.user_begin[user]),
        dataset.interactions.begin() + static_cast<std::ptrdiff_t>(dataset.user_begin[user + 1]),
        [](const Interaction& a, const Interaction& b) { return a.time_us < b.time_us; });
  }
  SetFingerprint(dataset);
  return dataset;
}

}  // namespace

absl::StatusOr<Dataset> ReadInteractions(FileSystem& files, const std::string& path,
                                         InteractionFormat format) {
  VITRINE_ASSIGN_OR_RETURN(const std::string content, files.ReadFile(path));
  Dictionaries names;
  VITRINE_ASSIGN_OR_RETURN(const auto read, Parse(content, path, format, names));
  return MakeDataset(read, names);
}

absl::StatusOr<Split> ReadFixedSplit(FileSystem& files, const std::string& train_path,
                                     const std::string& test_path, InteractionFormat format,
                                     bool allow_repeats) {
  VITRINE_ASSIGN_OR_RETURN(const std::string train, files.ReadFile(train_path));
  VITRINE_ASSIGN_OR_RETURN(const std::string test, files.ReadFile(test_path));
  Dictionaries names;
  VITRINE_ASSIGN_OR_RETURN(const auto train_read, Parse(train, train_path, format, names));
  VITRINE_ASSIGN_OR_RETURN(auto test_read, Parse(test, test_path, format, names));
  std::erase_if(test_read, [](const auto& each) { return !(each.interaction.weight > 0); });
  const Dataset trained = MakeDataset(train_read, names);
  const Dataset tested = MakeDataset(test_read, names);
  SplitBuilder builder(trained, allow_repeats);
  for (std::size_t user = 0; user < trained.num_users(); ++user) {
    const std::span<const Interaction> history = trained.History(user);
    // Who is in the test file alone must not count among those that were learned from.
    builder.BeginGroup(user, history,
                       history.empty() ? kNoTrainingUser : builder.Train(user, history));
    builder.Ask(history.size(), trained.now_us, DistinctItems(tested.History(user)));
  }
  return builder.Take(trained.now_us);
}

}  // namespace vitrine
