#include "cli/fairness_json.h"

#include <nlohmann/json.hpp>

namespace vitrine::cli {

std::string FairnessJson(const FairnessReport& report) {
  using Json = nlohmann::ordered_json;
  Json json = {{"events", report.num_events},
               {"shown_items", report.num_shown},
               {"merit", report.merit == Merit::kClicks ? "clicks" : "purchases"},
               {"currency", report.currency},
               {"tables", Json::array()}};
  for (const FairnessTable& table : report.tables) {
    Json groups = Json::array();
    for (const FairnessGroup& group : table.groups) {
      groups.push_back({{"name", group.name},
                        {"filter", group.filter},
                        {"items", group.num_items},
                        {"shown_items", group.num_shown},
                        {"exposure", group.exposure},
                        {"exposure_share", group.exposure_share},
                        {"clicks", group.num_clicks},
                        {"purchases", group.num_purchases},
                        {"merit_share", group.merit_share},
                        {"ratio", group.ratio}});
    }
    json["tables"].push_back(
        {{"by", table.by}, {"distance", table.distance}, {"groups", std::move(groups)}});
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace vitrine::cli
