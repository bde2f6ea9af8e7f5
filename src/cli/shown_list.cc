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
  }
  return "";
}

// KIND_BECAUSE_YOU_BOUGHT becomes "because-you-bought".
std::string KindName(v1::Reason::Kind kind) {
  std::string name = v1::Reason::Kind_Name(kind).substr(std::string_view("KIND_").size());
  for (char& c : name) c = c == '_' ? '-' : static_cast<char>(c - 'A' + 'a');
  return name;
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
                 .next_page_token = reply.next_page_token};
  for (const RecommendedItem& item : reply.items) {
    ShownList::Entry entry{.item_id = item.item_id, .score = item.score};
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
                 .next_page_token = response.next_page_token()};
  for (const v1::RecommendedItem& item : response.items()) {
    ShownList::Entry entry{
        .item_id = item.item_id(), .title = item.item().title(), .score = item.score()};
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
    std::printf("%3d  %-12s %8.4f  %s\n", ++rank, entry.item_id.c_str(), entry.score,
                entry.title.c_str());
    for (const ShownList::Reason& reason : entry.reasons) {
      std::printf("%29s%s\n", "", Sentence(reason, title_of).c_str());
    }
    if (is_explained) PrintParts(entry.parts);
  }
}

void PrintListJson(const ShownList& list) {
  nlohmann::ordered_json json = {{"model_version", list.model_version},
                                 {"fallbacks", list.fallbacks},
                                 {"next_page_token", list.next_page_token},
                                 {"items", nlohmann::ordered_json::array()}};
  for (const ShownList::Entry& entry : list.entries) {
    nlohmann::ordered_json item = {
        {"item_id", entry.item_id}, {"title", entry.title}, {"score", entry.score}};
    for (const ShownList::Reason& reason : entry.reasons) {
      item["reasons"].push_back(
          {{"kind", reason.kind}, {"item_id", reason.item_id}, {"text", reason.text}});
    }
    for (const ShownList::Part& part : entry.parts) {
      item["contributions"].push_back({{"scorer", part.scorer},
                                       {"item_id", part.item_id},
                                       {"feature", part.feature},
                                       {"value", part.value}});
    }
    json["items"].push_back(std::move(item));
  }
  std::printf("%s\n", json.dump().c_str());
}

}  // namespace vitrine::cli
