#include "cli/evaluation_split.h"

#include <optional>

#include "absl/strings/str_format.h"
#include "cli/command.h"
#include "cli/import/values.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/evaluation/read_interactions.h"

namespace vitrine::cli {
namespace {

constexpr std::uint64_t kHoldOutSeed = 1;

InteractionFormat FormatOf(const SplitFlags& flags) {
  return flags.format == "tsv" ? InteractionFormat::kTsv : InteractionFormat::kPairsByUser;
}

absl::StatusOr<Split> SplitFixed(const SplitFlags& flags, Part part) {
  FileSystem& files = LocalFileSystem();
  if (part == Part::kTest) {
    return ReadFixedSplit(files, flags.train, flags.test, FormatOf(flags), flags.is_repeats);
  }
  VITRINE_ASSIGN_OR_RETURN(const Dataset dataset,
                           ReadInteractions(files, flags.train, FormatOf(flags)));
  return HoldOutItems(dataset, flags.share, kHoldOutSeed, flags.is_repeats);
}

absl::StatusOr<Split> SplitData(const SplitFlags& flags, Part part) {
  VITRINE_ASSIGN_OR_RETURN(const Dataset dataset,
                           ReadInteractions(LocalFileSystem(), flags.data, FormatOf(flags)));
  if (flags.protocol == "leave-last-out") return LeaveLastOut(dataset, part, flags.is_repeats);
  if (flags.protocol == "next-basket") return NextBasket(dataset, part);
  if (flags.protocol == "session-prefix") return SessionPrefixes(dataset, part, flags.share);
  VITRINE_ASSIGN_OR_RETURN(const Micros cut_us, ParseCut(flags.cut));
  if (part == Part::kTest) return SplitByTime(dataset, cut_us, flags.is_repeats);
  return ValidationBefore(dataset, cut_us, flags.share, flags.is_repeats);
}

}  // namespace

absl::StatusOr<Micros> ParseCut(const std::string& text) {
  VITRINE_ASSIGN_OR_RETURN(const TimeFormat format, TimeFormat::Create("auto", "UTC"));
  const std::optional<Micros> cut = format.Parse(text);
  if (cut.has_value()) return *cut;
  return UsageError(absl::StrFormat(
      "--cut is \"%s\"; wants a time in UTC such as 2011-09-10 or seconds since 1970", text));
}

void AddSplitFlags(CLI::App* command, SplitFlags& flags) {
  command->add_option("--train", flags.train, "With fixed: the file to train on")
      ->check(CLI::ExistingFile);
  command->add_option("--test", flags.test, "With fixed: the file to measure on");
  command->add_option("--data", flags.data, "With other protocols: the file to split")
      ->check(CLI::ExistingFile);
  command->add_option("--format", flags.format, "Of the files; sequences: items oldest first")
      ->check(CLI::IsMember({"pairs-by-user", "sequences", "tsv"}))
      ->capture_default_str();
  command->add_option("--protocol", flags.protocol, "How train and test come apart")
      ->check(
          CLI::IsMember({"fixed", "temporal", "leave-last-out", "next-basket", "session-prefix",
                         "ratings", "cold-items", "new-shoppers", "classification", "purchases"}))
      ->capture_default_str();
  command->add_option("--cut", flags.cut, "With temporal and purchases: what is before it trains");
  command
      ->add_option("--share", flags.share,
                   "Of the sessions that session-prefix tests on, and of what a validation part of "
                   "fixed and temporal takes from the training part")
      ->check(CLI::Range(0.001, 0.9))
      ->capture_default_str();
  command
      ->add_option("--folds", flags.num_folds,
                   "With ratings and classification: parts of which each is held back once")
      ->check(CLI::Range(2, 100))
      ->capture_default_str();
  command->add_option("--fold-seed", flags.fold_seed, "Another one draws other folds")
      ->capture_default_str();
  command->add_option("--label", flags.label,
                      "With classification: the column of the CSV file that says yes or no");
  command
      ->add_option("--categories", flags.categories,
                   "With classification: columns whose numbers are names, as A,B")
      ->delimiter(',');
  command
      ->add_option("--ignore", flags.ignored, "With classification: columns to learn nothing from")
      ->delimiter(',');
  command->add_flag("--repeats", flags.is_repeats,
                    "Items of the user's own past may be right; always with next-basket and "
                    "session-prefix");
  command->add_flag("--distinct", flags.is_distinct,
                    "Train on each pair of user and item once, with weight 1");
}

absl::Status CheckSplitFlags(const SplitFlags& flags, Part part) {
  const bool is_fixed = flags.protocol == "fixed";
  if (flags.protocol == "cold-items") {
    return UsageError("--protocol cold-items wants evaluate --store DIR: files describe no items");
  }
  if (flags.protocol == "new-shoppers") {
    return UsageError("--protocol new-shoppers wants evaluate --store DIR: files have no profiles");
  }
  if (flags.protocol == "purchases") {
    return UsageError("--protocol purchases wants evaluate --store DIR: it reads the event log");
  }
  if (is_fixed && (flags.train.empty() || (flags.test.empty() && part == Part::kTest))) {
    return UsageError(
        "give --train FILE and --test FILE, or another --protocol with --data FILE, or --store "
        "DIR");
  }
  if (!is_fixed && flags.data.empty()) {
    return UsageError(absl::StrFormat("--protocol %s wants --data FILE", flags.protocol));
  }
  if (flags.protocol == "classification") {
    return flags.label.empty() ? UsageError("--protocol classification wants --label COLUMN")
                               : absl::OkStatus();
  }
  if (flags.protocol == "temporal" && flags.cut.empty()) {
    return UsageError("--protocol temporal wants --cut TIME");
  }
  if (flags.protocol == "leave-last-out" && flags.format == "pairs-by-user") {
    return UsageError(
        "--protocol leave-last-out wants --format sequences or tsv: pairs-by-user has no order");
  }
  if (!is_fixed && flags.protocol != "leave-last-out" && flags.format != "tsv") {
    return UsageError(absl::StrFormat("--protocol %s wants --format tsv: %s has no times",
                                      flags.protocol, flags.format));
  }
  return absl::OkStatus();
}

bool IsOfRatings(const SplitFlags& flags) { return flags.protocol == "ratings"; }

absl::StatusOr<RatingPart> ReadRatings(const SplitFlags& flags, Part part) {
  const FoldOptions folds{.num_folds = flags.num_folds, .seed = flags.fold_seed};
  RatingPart ratings;
  VITRINE_ASSIGN_OR_RETURN(ratings.dataset, ReadInteractions(LocalFileSystem(), flags.data,
                                                             InteractionFormat::kRatings));
  ratings.held = DrawFolds(ratings.dataset, folds);
  if (part == Part::kTest) return ratings;
  ratings.dataset = WithoutFold(ratings.dataset, ratings.held, 0);
  ratings.held = DrawFolds(ratings.dataset, folds);
  return ratings;
}

absl::StatusOr<Split> ReadSplit(const SplitFlags& flags, Part part) {
  VITRINE_ASSIGN_OR_RETURN(
      Split split, flags.protocol == "fixed" ? SplitFixed(flags, part) : SplitData(flags, part));
  if (split.cases.empty()) {
    return absl::FailedPreconditionError(
        "nothing to test on: no user has both something to learn from and something to find; give "
        "more data, another --cut or a larger --share");
  }
  return flags.is_distinct ? DistinctPairs(split) : std::move(split);
}

}  // namespace vitrine::cli
