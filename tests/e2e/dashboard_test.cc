// The dashboard and the alert rules of docs/ops, read as Grafana and Prometheus would.
#include <gmock/gmock.h>

#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "e2e/metric_names.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSubsetOf;
using ::testing::MatchesRegex;
using testing::NamesIn;
using testing::ReadDoc;

// Of docs/ops/metrics.md; a test of the metrics wants a server to show just these.
std::set<std::string> DocumentedNames() { return NamesIn(ReadDoc("ops/metrics.md")); }

// Whether every bracket and quote of an expression has its other half.
bool IsBalanced(const std::string& expression) {
  std::string open;
  bool is_quoted = false;
  for (const char c : expression) {
    if (c == '"') is_quoted = !is_quoted;
    if (is_quoted) continue;
    if (c == '(') open.push_back(')');
    if (c == '[') open.push_back(']');
    if (c == '{') open.push_back('}');
    if (c != ')' && c != ']' && c != '}') continue;
    if (open.empty() || open.back() != c) return false;
    open.pop_back();
  }
  return open.empty() && !is_quoted;
}

// Wants a question about metrics that there are.
void ExpectAsks(const std::string& expression, const std::set<std::string>& documented) {
  const std::set<std::string> names = NamesIn(expression);
  EXPECT_FALSE(names.empty()) << expression;
  EXPECT_THAT(names, IsSubsetOf(documented)) << expression;
  EXPECT_TRUE(IsBalanced(expression)) << expression;
}

// The text at these keys, one within the other; "" where there is none.
std::string TextAt(const nlohmann::json& json, std::initializer_list<const char*> keys) {
  const nlohmann::json* at = &json;
  for (const char* const key : keys) {
    if (!at->is_object() || !at->contains(key)) return "";
    at = &at->at(key);
  }
  return at->is_string() ? at->get<std::string>() : "";
}

TEST(DashboardTest, EveryPanelHasATitleAUnitAndQuestionsAboutMetricsThatThereAre) {
  const nlohmann::json dashboard =
      nlohmann::json::parse(ReadDoc("ops/dashboard.json"), nullptr, /*allow_exceptions=*/false);
  ASSERT_TRUE(dashboard.is_object() && dashboard.contains("panels"));
  const std::set<std::string> documented = DocumentedNames();
  std::set<int> ids;
  std::set<std::string> titles;

  for (const nlohmann::json& panel : dashboard["panels"]) {
    const std::string title = TextAt(panel, {"title"});
    SCOPED_TRACE(title);
    EXPECT_FALSE(title.empty()) << panel.dump();
    EXPECT_TRUE(titles.insert(title).second);
    EXPECT_TRUE(ids.insert(panel.value("id", 0)).second);
    EXPECT_NE(TextAt(panel, {"type"}), "");
    EXPECT_NE(TextAt(panel, {"fieldConfig", "defaults", "unit"}), "");
    EXPECT_EQ(TextAt(panel, {"datasource", "uid"}), "${source}");
    ASSERT_TRUE(panel.contains("targets"));
    const nlohmann::json& targets = panel["targets"];
    EXPECT_FALSE(targets.empty());
    std::set<std::string> letters;
    for (const nlohmann::json& target : targets) {
      EXPECT_TRUE(letters.insert(TextAt(target, {"refId"})).second);
      EXPECT_NE(TextAt(target, {"legendFormat"}), "");
      EXPECT_THAT(TextAt(target, {"expr"}), HasSubstr(R"(instance=~"$instance")"));
      ExpectAsks(TextAt(target, {"expr"}), documented);
    }
  }
  EXPECT_GT(ids.size(), 20U);
}

TEST(DashboardTest, ItsVariablesAreThoseThatItsPanelsName) {
  const nlohmann::json dashboard =
      nlohmann::json::parse(ReadDoc("ops/dashboard.json"), nullptr, /*allow_exceptions=*/false);
  ASSERT_TRUE(dashboard.is_object() && dashboard.contains("templating"));

  std::vector<std::string> names;
  for (const nlohmann::json& variable : dashboard["templating"]["list"]) {
    names.push_back(TextAt(variable, {"name"}));
    if (TextAt(variable, {"type"}) == "query") {
      ExpectAsks(TextAt(variable, {"query"}), DocumentedNames());
    }
  }

  EXPECT_THAT(names, ElementsAre("source", "instance"));
}

// One rule, as its lines have it.
struct Alert {
  std::string name{};
  std::map<std::string, std::string> fields{};  // All that stands behind the key, and below it.
};

// Reads the form that alerts.yml has: the rules are one list, their keys stand eight columns in,
// and a value goes on in lines that stand further in. Anything else is a failure.
std::vector<Alert> ReadAlerts(const std::string& text) {
  const std::string begin = "      - alert: ";
  const std::string indent(8, ' ');
  std::vector<Alert> alerts;
  std::string key;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find_first_not_of(' ');
    if (line.starts_with(begin)) {
      alerts.push_back({.name = line.substr(begin.size())});
      key.clear();
    } else if (alerts.empty()) {
      continue;  // What stands before the rules: a test looks for it.
    } else if (first == indent.size() && line.find(':') != std::string::npos) {
      key = line.substr(first, line.find(':') - first);
      const std::string value = line.substr(line.find(':') + 1);
      EXPECT_TRUE(alerts.back().fields.emplace(key, value).second) << line;
    } else if (first != std::string::npos && first > indent.size() && !key.empty()) {
      alerts.back().fields[key] += "\n" + line;
    } else {
      ADD_FAILURE() << "no line of a rule: " << line;
    }
  }
  return alerts;
}

TEST(AlertsTest, EachHasAnExpressionADelayLabelsAndAnnotations) {
  const std::string text = ReadDoc("ops/alerts.yml");
  EXPECT_THAT(text, HasSubstr("\ngroups:\n  - name: vitrine\n    rules:\n      - alert: "));
  EXPECT_EQ(text.find('\t'), std::string::npos);
  const std::set<std::string> documented = DocumentedNames();
  std::set<std::string> names;

  for (const Alert& alert : ReadAlerts(text)) {
    SCOPED_TRACE(alert.name);
    EXPECT_THAT(alert.name, MatchesRegex("Vitrine[A-Za-z]+"));
    EXPECT_TRUE(names.insert(alert.name).second);
    std::vector<std::string> keys;
    for (const auto& [key, value] : alert.fields) keys.push_back(key);
    ASSERT_THAT(keys, ElementsAre("annotations", "expr", "for", "labels"));
    // `up` is Prometheus' own, of whatever it scrapes.
    const std::string& expression = alert.fields.at("expr");
    if (!expression.starts_with(" up{job=\"vitrine\"}")) ExpectAsks(expression, documented);
    EXPECT_TRUE(IsBalanced(expression)) << expression;
    EXPECT_THAT(alert.fields.at("for"), MatchesRegex(" [0-9]+[smhd]"));
    EXPECT_THAT(alert.fields.at("labels"), MatchesRegex(" \\{severity: (page|warn)\\}"));
    EXPECT_THAT(alert.fields.at("annotations"),
                MatchesRegex("\n          summary: \"[^\"]*instance[^\"]+\""));
  }
  EXPECT_GT(names.size(), 10U);
}

}  // namespace
}  // namespace vitrine
