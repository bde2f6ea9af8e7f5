#include "cli/shown_list.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string_view>

namespace vitrine::cli {
namespace {

const char* KindName(Reason::Kind kind) {
  switch (kind) {
    case Reason::Kind::kBecauseYouBought:
      return "because-you-bought";
    case Reason::Kind::kBecauseYouViewed:
      return "because-you-viewed";
    case Reason::Kind::kSimilarTo:
      return "similar-to";
    case Reason::Kind::kPopular:
      return "popular";
    case Reason::Kind::kPopularInCategory:
      return "popular-in-category";
    case Reason::Kind::kMatchesYourTaste:
      return "matches-your-taste";
    case Reason::Kind::kNewArrival:
      return "new-arrival";
    case Reason::Kind::kBackfill:
      return "backfill";
    case Reason::Kind::kPromoted:
      return "promoted";
    case Reason::Kind::kTrending:
      return "trending";
    case Reason::Kind::kBoughtTogether:
      return "bought-together";
  }
  return "";
}

// KIND_BECAUSE_YOU_BOUGHT becomes "because-you-bought".
std::string Spoken(std::string name, std::string_view prefix) {
  name.erase(0, prefix.size());
  for (char& c : name) c = c == '_' ? '-' : static_cast<char>(c - 'A' + 'a');
  return name;
}

std::string KindName(v1::Reason::Kind kind) { return Spoken(v1::Reason::Kind_Name(kind), "KIND_"); }

const char* OutcomeName(ItemOutcome outcome) {
  switch (outcome) {
    case ItemOutcome::kUnknown:
      return "unknown";
    case ItemOutcome::kShown:
      return "shown";
    case ItemOutcome::kNotServable:
      return "not-servable";
    case ItemOutcome::kFiltered:
      return "filtered";
    case ItemOutcome::kExcluded:
      return "excluded";
    case ItemOutcome::kVariantShown:
      return "variant-shown";
    case ItemOutcome::kNotRetrieved:
      return "not-retrieved";
    case ItemOutcome::kLimited:
      return "limited";
    case ItemOutcome::kRankedLower:
      return "ranked-lower";
  }
  return "";
}

nlohmann::ordered_json ToJson(const ShownList::Part& part) {
  return {{"scorer", part.scorer},
          {"item_id", part.item_id},
          {"feature", part.feature},
          {"value", part.value}};
}

std::string Sentence(const ShownList::Reason& reason, const TitleOf& title_of) {
  std::string sentence = reason.kind;
  for (char& c : sentence) c = c == '-' ? ' ' : c;
  if (!reason.item_id.empty()) {
    const std::string title = title_of(reason.item_id);
    sentence += " " + (title.empty() ? reason.item_id : title);
  }
  if (!reason.text.empty()) sentence += " (" + reason.text + ")";
  return sentence;
}

Trace Read(const v1::Trace& message) {
  Trace trace;
  for (const v1::Trace::Stage& stage : message.stages()) {
    trace.stages.push_back({.name = stage.name(),
                            .count = static_cast<std::size_t>(stage.count()),
                            .micros = stage.micros()});
  }
  for (const v1::Trace::Drop& drop : message.drops()) {
    trace.drops.push_back(
        {.reason = drop.reason(), .count = static_cast<std::size_t>(drop.count())});
  }
  return trace;
}

void PrintTrace(const Trace& trace) {
  std::printf("%-28s %9s %10s\n", "stage", "items", "us");
  double sum = 0;
  for (const Trace::Stage& stage : trace.stages) {
    std::printf("%-28s %9zu %10.1f\n", stage.name.c_str(), stage.count, stage.micros);
    sum += stage.micros;
  }
  std::printf("%-28s %9s %10.1f\n", "in all", "", sum);
  for (const Trace::Drop& drop : trace.drops) {
    std::printf("left out: %-18s %9zu\n", drop.reason.c_str(), drop.count);
  }
}

nlohmann::ordered_json ToJson(const Trace& trace) {
  nlohmann::ordered_json json = {{"stages", nlohmann::ordered_json::array()},
                                 {"drops", nlohmann::ordered_json::array()}};
  for (const Trace::Stage& stage : trace.stages) {
    json["stages"].push_back(
        {{"name", stage.name}, {"count", stage.count}, {"micros", stage.micros}});
  }
  for (const Trace::Drop& drop : trace.drops) {
    json["drops"].push_back({{"reason", drop.reason}, {"count", drop.count}});
  }
  return json;
}

// The largest parts, a line each, and what the rest adds up to.
void PrintParts(const std::vector<ShownList::Part>& parts) {
  constexpr std::size_t kShown = 6;
  double rest = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const ShownList::Part& part = parts[i];
    if (i >= kShown) {
      rest += part.value;
      continue;
    }
    const std::string& from = part.item_id.empty() ? part.feature : part.item_id;
    std::printf("%19s%+8.4f  %s %s\n", "", part.value, part.scorer.c_str(), from.c_str());
  }
  if (parts.size() > kShown) {
    std::printf("%19s%+8.4f  %d more\n", "", rest, static_cast<int>(parts.size() - kShown));
  }
}

}  // namespace

ShownList Show(const RecommendReply& reply) {
  ShownList list{.model_version = reply.model_version,
                 .fallbacks = reply.fallbacks,
                 .next_page_token = reply.next_page_token,
                 .attribution_token = reply.attribution_token,
                 .trace = reply.trace};
  for (const RecommendedItem& item : reply.items) {
    ShownList::Entry entry{
        .item_id = item.item_id, .score = item.score, .propensity = item.propensity};
    if (item.item != nullptr) entry.title = item.item->title;
    for (const Reason& reason : item.reasons) {
      entry.reasons.push_back({KindName(reason.kind), reason.item_id, reason.text});
    }
    for (const ScorePart& part : item.contributions) {
      entry.parts.push_back({part.model, part.item_id, part.feature, part.value});
    }
    list.entries.push_back(std::move(entry));
  }
  return list;
}

ShownList Show(const v1::RecommendItemsResponse& response) {
  ShownList list{.model_version = response.model_version(),
                 .fallbacks = {response.fallbacks().begin(), response.fallbacks().end()},
                 .next_page_token = response.next_page_token(),
                 .attribution_token = response.attribution_token()};
  if (response.has_trace()) list.trace = Read(response.trace());
  for (const v1::RecommendedItem& item : response.items()) {
    ShownList::Entry entry{.item_id = item.item_id(),
                           .title = item.item().title(),
                           .score = item.score(),
                           .propensity = item.propensity()};
    for (const v1::Reason& reason : item.reasons()) {
      entry.reasons.push_back({KindName(reason.kind()), reason.item_id(), reason.text()});
    }
    for (const v1::Contribution& part : item.contributions()) {
      entry.parts.push_back({part.scorer(), part.item_id(), part.feature(), part.value()});
    }
    list.entries.push_back(std::move(entry));
  }
  return list;
}

void PrintList(const ShownList& list, bool is_explained, const TitleOf& title_of) {
  std::printf("model %s", list.model_version.empty() ? "none yet" : list.model_version.c_str());
  for (const std::string& fallback : list.fallbacks) std::printf(", %s", fallback.c_str());
  std::printf("\n");
  int rank = 0;
  for (const ShownList::Entry& entry : list.entries) {
    std::printf("%3d  %-12s %8.4f  ", ++rank, entry.item_id.c_str(), entry.score);
    if (entry.propensity > 0) std::printf("p %.4f  ", entry.propensity);
    std::printf("%s\n", entry.title.c_str());
    for (const ShownList::Reason& reason : entry.reasons) {
      std::printf("%29s%s\n", "", Sentence(reason, title_of).c_str());
    }
    if (is_explained) PrintParts(entry.parts);
  }
  if (list.trace.has_value()) PrintTrace(*list.trace);
}

namespace {

nlohmann::ordered_json ToJson(const ShownList& list) {
  nlohmann::ordered_json json = {{"model_version", list.model_version},
                                 {"fallbacks", list.fallbacks},
                                 {"next_page_token", list.next_page_token},
                                 {"attribution_token", list.attribution_token},
                                 {"items", nlohmann::ordered_json::array()}};
  for (const ShownList::Entry& entry : list.entries) {
    nlohmann::ordered_json item = {
        {"item_id", entry.item_id}, {"title", entry.title}, {"score", entry.score}};
    if (entry.propensity > 0) item["propensity"] = entry.propensity;
    for (const ShownList::Reason& reason : entry.reasons) {
      item["reasons"].push_back(
          {{"kind", reason.kind}, {"item_id", reason.item_id}, {"text", reason.text}});
    }
    for (const ShownList::Part& part : entry.parts) {
      item["contributions"].push_back(ToJson(part));
    }
    json["items"].push_back(std::move(item));
  }
  if (list.trace.has_value()) json["trace"] = ToJson(*list.trace);
  return json;
}

}  // namespace

void PrintListJson(const ShownList& list) { std::printf("%s\n", ToJson(list).dump().c_str()); }

void PrintRows(const std::vector<ShownList>& rows, bool is_explained, const TitleOf& title_of) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::printf("%srow %zu: ", i == 0 ? "" : "\n", i + 1);
    PrintList(rows[i], is_explained, title_of);
  }
}

void PrintRowsJson(const std::vector<ShownList>& rows) {
  nlohmann::ordered_json json = {{"rows", nlohmann::ordered_json::array()}};
  for (const ShownList& row : rows) json["rows"].push_back(ToJson(row));
  std::printf("%s\n", json.dump().c_str());
}

ShownOutcome Show(const ExplainItemReply& reply) {
  ShownOutcome shown{.outcome = OutcomeName(reply.outcome),
                     .detail = reply.detail,
                     .other_item_id = reply.other_item_id,
                     .rank = static_cast<int>(reply.rank),
                     .score = reply.score,
                     .score_gap = reply.score_gap};
  for (const ScorePart& part : reply.contributions) {
    shown.parts.push_back({part.model, part.item_id, part.feature, part.value});
  }
  return shown;
}

ShownOutcome Show(const v1::ExplainRecommendationResponse& response) {
  ShownOutcome shown{
      .outcome =
          Spoken(v1::ExplainRecommendationResponse::Outcome_Name(response.outcome()), "OUTCOME_"),
      .detail = response.detail(),
      .other_item_id = response.other_item_id(),
      .rank = response.rank(),
      .score = response.score(),
      .score_gap = response.score_gap()};
  for (const v1::Contribution& part : response.contributions()) {
    shown.parts.push_back({part.scorer(), part.item_id(), part.feature(), part.value()});
  }
  return shown;
}

void PrintOutcome(const ShownOutcome& shown, bool is_json) {
  if (is_json) {
    nlohmann::ordered_json json = {{"outcome", shown.outcome},
                                   {"detail", shown.detail},
                                   {"other_item_id", shown.other_item_id},
                                   {"rank", shown.rank},
                                   {"score", shown.score},
                                   {"score_gap", shown.score_gap},
                                   {"contributions", nlohmann::ordered_json::array()}};
    for (const ShownList::Part& part : shown.parts) json["contributions"].push_back(ToJson(part));
    std::printf("%s\n", json.dump().c_str());
    return;
  }
  std::printf("%s", shown.outcome.c_str());
  if (!shown.other_item_id.empty()) std::printf(" %s", shown.other_item_id.c_str());
  if (!shown.detail.empty()) std::printf(": %s", shown.detail.c_str());
  std::printf("\n");
  if (shown.rank == 0) return;
  std::printf("place %d, score %.4f", shown.rank, shown.score);
  if (shown.score_gap > 0) std::printf(", %.4f below the last on the list", shown.score_gap);
  if (shown.score_gap < 0) std::printf(", %.4f above the last on the list", -shown.score_gap);
  std::printf("\n");
  PrintParts(shown.parts);
}

}  // namespace vitrine::cli
