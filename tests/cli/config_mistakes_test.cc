// What a configuration says that is wrong.
#include <gmock/gmock.h>

#include <ostream>
#include <string>

#include "cli/config.h"
#include "testing/status_matchers.h"

namespace vitrine::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::vitrine::testing::StatusIs;

struct Mistake {
  std::string text{};
  std::string seen{};
  std::string wanted{};
};

void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.text; }

class MistakenConfigTest : public ::testing::TestWithParam<Mistake> {};

TEST_P(MistakenConfigTest, IsAnErrorThatNamesFileLineAndWhatIsAllowed) {
  const auto config = ParseConfig(GetParam().text, "shop.toml");

  EXPECT_THAT(config, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(
      std::string(config.status().message()),
      AllOf(HasSubstr("shop.toml:2: "), HasSubstr(GetParam().seen), HasSubstr(GetParam().wanted)));
}

INSTANTIATE_TEST_SUITE_P(
    Mistakes, MistakenConfigTest,
    ::testing::Values(
        Mistake{"[server]\nthreads = \"two\"", "the text \"two\"", "an integer from 0 to 1024"},
        Mistake{"[server]\nthreads = -1", "-1", "an integer from 0 to 1024"},
        Mistake{"[server]\nthreads = 1.5", "1.5", "an integer"},
        Mistake{"[server]\nlisten = 50051", "50051", "text such as"},
        Mistake{"[server]\nlisten = \"\"", "the text \"\"", "text such as"},
        Mistake{"[store]\nhistory_limit = 0", "0", "from 1 to"},
        Mistake{"[store]\npopularity_half_life_days = nan", "nan", "a number from"},
        Mistake{"[store.event_weights]\nsearch = true", "true", "a number from -1000 to 1000"},
        Mistake{"[blend]\ncold_start_events = [1]", "an array", "a number"},
        Mistake{"[lifecycle]\nmodels = [\"als\"]", "an array", "\"ials\""},
        Mistake{"[lifecycle]\nmodels = [\"ials\", \"ials\"]", "an array", "distinct"},
        Mistake{"[lifecycle]\nmodels = [\"auto\", \"ials\"]", "an array", "[\"auto\"]"},
        Mistake{"[lifecycle]\nmodels = []", "an array", "names out of"},
        Mistake{"[models.ials]\ndimensions = 0", "dimensions", "1"},
        Mistake{"[models.purchase_predictor]\ninputs = \"all\"", "inputs", "features"},
        Mistake{"[models.purchase_predictor]\nhorizon = 7", "horizon", "horizon_days"},
        Mistake{"[lifecycle]\npurchase_predictor = 1", "purchase_predictor", "true or false"},
        Mistake{"[models.ials]\ndimensions = \"many\"", "dimensions", "1"},
        Mistake{"[models.ials]\nsolver = \"magic\"", "solver", "cholesky"},
        Mistake{"[models.ials]\ndimensions = [1]", "an array", "a single value"},
        Mistake{"[server]\nthreads = = 1", "not TOML", ""}, Mistake{"\n[=]", "not TOML", ""},
        Mistake{"\nthr\u00E9ads = 1", "not TOML", "\u00E9"},
        Mistake{"\n\u0490 = 1", "not TOML", "\u0490"}, Mistake{"\nserver = 1", "1", "a table"},
        Mistake{"\nmodels = 1", "models", "a table"},
        Mistake{"[lifecycle]\nmodels = [\"ials@Wide\"]", "an array", "a label of 1 to 32"},
        Mistake{"[lifecycle]\nmodels = [\"als@wide\"]", "an array", "\"ials\""},
        Mistake{"[lifecycle]\nmodels = [\"ials@a\", \"ials@a\"]", "an array", "distinct"},
        Mistake{"[lifecycle]\nmodels = [\"deep_ranker@a\"]", "an array", "names out of"},
        Mistake{"[lifecycle]\nmodels = [\"auto@a\"]", "an array", "[\"auto\"]"},
        Mistake{"[blend.weights]\n\"ials@\" = 1", "unknown key ials@;", "1 to 32 of a-z"},
        Mistake{"[blend.weights]\n\"als@a\" = 1", "unknown key als@a;", "did you mean ials?"},
        Mistake{"[blend.weights]\n\"ials@a\" = -1", "ials@a is -1", "a number from 0 to 1000"},
        Mistake{"\n[models.\"ials@A\"]", "unknown model ials@A;", "1 to 32 of a-z"},
        Mistake{"\n[models.\"deep_ranker@a\"]", "deep_ranker@a;", "write deep_ranker"},
        Mistake{"\n[models.\"purchase_predictor@a\"]", "purchase_predictor@a;",
                "write purchase_predictor"},
        Mistake{"[models.\"ials@a\"]\ndimensions = 0", "dimensions", "1"}));

}  // namespace
}  // namespace vitrine::cli
