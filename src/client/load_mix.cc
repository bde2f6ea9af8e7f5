#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "vitrine/client/load_generator.h"

namespace vitrine {
namespace {

constexpr double kRounding = 0.001;

constexpr std::array<std::pair<std::string_view, LoadCall>, 5> kWords = {
    {{"recommend", LoadCall::kRecommendItems},
     {"events", LoadCall::kRecordEvents},
     {"similar", LoadCall::kSimilarItems},
     {"rank", LoadCall::kRankItems},
     {"check", LoadCall::kCheck}}};

absl::StatusOr<LoadShare> ParseShare(const std::string& text) {
  const std::pair<std::string, std::string> halves = absl::StrSplit(text, absl::MaxSplits('=', 1));
  const auto* const word = std::find_if(
      kWords.begin(), kWords.end(), [&](const auto& each) { return each.first == halves.first; });
  if (word == kWords.end()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("\"%s\" is no call of a mix; wants recommend, events, similar, rank or "
                        "check, as in recommend=0.95,events=0.05",
                        halves.first));
  }
  LoadShare share{.call = word->second};
  if (!absl::SimpleAtod(halves.second, &share.share) || !(share.share > 0 && share.share <= 1)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the share of %s is \"%s\"; wants a number above 0, at most 1, as in "
                        "recommend=0.95,events=0.05",
                        halves.first, halves.second));
  }
  return share;
}

}  // namespace

std::string_view NameOf(LoadCall call) {
  switch (call) {
    case LoadCall::kRecommendItems:
      return "RecommendItems";
    case LoadCall::kRecordEvents:
      return "RecordEvents";
    case LoadCall::kCheck:
      return "Check";
    case LoadCall::kSimilarItems:
      return "SimilarItems";
    case LoadCall::kRankItems:
      break;
  }
  return "RankItems";
}

absl::StatusOr<std::vector<LoadShare>> ParseLoadMix(std::string_view text) {
  std::vector<LoadShare> mix;
  double sum = 0;
  for (const std::string& part :
       std::vector<std::string>(absl::StrSplit(absl::string_view(text.data(), text.size()), ','))) {
    const absl::StatusOr<LoadShare> share = ParseShare(part);
    if (!share.ok()) return share.status();
    for (const LoadShare& other : mix) {
      if (other.call != share->call) continue;
      return absl::InvalidArgumentError(
          absl::StrFormat("%s is in the mix twice", NameOf(share->call)));
    }
    mix.push_back(*share);
    sum += share->share;
  }
  if (std::abs(sum - 1) > kRounding) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the shares of the mix \"%s\" sum to %g; they must sum to 1", text, sum));
  }
  return mix;
}

}  // namespace vitrine
