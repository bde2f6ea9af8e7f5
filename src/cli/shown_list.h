#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "vitrine/engine/engine.h"
#include "vitrine/v1/recommendation_service.pb.h"

namespace vitrine::cli {

// A list of recommendations as the command line shows it, whether it came from a store at hand or
// from a server.
struct ShownList {
  struct Reason {
    std::string kind{};     // "because-you-bought"
    std::string item_id{};  // Empty where no item is the reason.
    std::string text{};
  };
  struct Part {
    std::string scorer{};
    std::string item_id{};
    std::string feature{};
    double value = 0;
  };
  struct Entry {
    std::string item_id{};
    std::string title{};
    double score = 0;
    double propensity = 0;  // 0: nothing was drawn.
    std::vector<Reason> reasons{};
    std::vector<Part> parts{};
  };
  std::vector<Entry> entries{};
  std::string model_version{};
  std::vector<std::string> fallbacks{};
  std::string next_page_token{};
  std::string attribution_token{};
  std::optional<Trace> trace{};
};

// What became of one item.
struct ShownOutcome {
  std::string outcome{};  // "ranked-lower"
  std::string detail{};
  std::string other_item_id{};
  int rank = 0;  // 0: none.
  double score = 0;
  double score_gap = 0;
  std::vector<ShownList::Part> parts{};
};

ShownOutcome Show(const ExplainItemReply& reply);
ShownOutcome Show(const v1::ExplainRecommendationResponse& response);

// For people, or one JSON object on one line.
void PrintOutcome(const ShownOutcome& shown, bool is_json);

ShownList Show(const RecommendReply& reply);
ShownList Show(const v1::RecommendItemsResponse& response);

// Title of an item that a reason names; empty where it has none.
using TitleOf = std::function<std::string(const std::string& item_id)>;

// For people: a line an item with its reasons, and with `is_explained` the largest parts of its
// score. Then the trace, where there is one.
void PrintList(const ShownList& list, bool is_explained, const TitleOf& title_of);

// For scripts: one JSON object on one line.
void PrintListJson(const ShownList& list);

// The rows of a page: one below the other, or one JSON object on one line.
void PrintRows(const std::vector<ShownList>& rows, bool is_explained, const TitleOf& title_of);
void PrintRowsJson(const std::vector<ShownList>& rows);

}  // namespace vitrine::cli
