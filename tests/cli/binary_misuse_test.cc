// What the binary says to who holds it wrongly, and how it teaches.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "cli/binary_fixture.h"

namespace vitrine::cli {
namespace {

using ::testing::HasSubstr;

TEST_F(BinaryTest, AFailureExitsWithOneAndSaysWhy) {
  const Outcome outcome = Run("recommend --target 127.0.0.1:1 --user u");

  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("127.0.0.1:1"));
  EXPECT_EQ(outcome.out, "");
}

struct Misuse {
  std::string arguments{};
  std::string says{};
};

void PrintTo(const Misuse& misuse, std::ostream* out) { *out << misuse.arguments; }

class MisuseTest : public BinaryTest, public ::testing::WithParamInterface<Misuse> {};

TEST_P(MisuseTest, ExitsWithTwoAndSaysWhatIsWanted) {
  const Outcome outcome = Run(GetParam().arguments);

  EXPECT_EQ(outcome.status, 2) << outcome.err;
  EXPECT_THAT(outcome.out + outcome.err, HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Misuses, MisuseTest,
    ::testing::Values(
        Misuse{"", "subcommand"}, Misuse{"serv", "did you mean serve"}, Misuse{"serve", "--store"},
        Misuse{"serve --store STORE --listen 0.0.0.0:0", "--insecure"},
        Misuse{"promote", "one of --store"},
        Misuse{"weights --store STORE --model ials", "one of --out"},
        Misuse{"weights --store STORE --model ials --from SMALL --version v", "goes with --out"},
        Misuse{"train --store STORE --cancel", "--cancel wants the server"},
        Misuse{"train --target x --checkpoints DIR/unfinished", "want --store"},
        Misuse{"train --store STORE --loss-curve loss.png", ".csv"},
        Misuse{"train --store STORE --loss-curve DIR/none/loss.csv", "there is no folder"},
        Misuse{"evaluate --store STORE --scorer gan_cf --loss-curve DIR/none/loss.csv",
               "there is no folder"},
        Misuse{"train --store STORE --config SMALL --loss-curve loss.csv", "learns by epochs"},
        Misuse{"train --store STORE --config SMALL --checkpoints DIR/unfinished", "gan_cf"},
        Misuse{"evaluate --store STORE --scorer ials --loss-curve loss.svg", "learns by epochs"},
        Misuse{"evaluate --store STORE --scorer gan_cf --loss-curve loss", ".svg"},
        Misuse{"evaluate --train SHOP/items.csv --test SHOP/items.csv --scorer gan_cf "
               "--against ials --loss-curve loss.svg",
               "goes without --against"},
        Misuse{"recommend --user u", "--target"}, Misuse{"user --target x", "--visitor"},
        Misuse{"import --store STORE", "--events"},
        Misuse{"import --store STORE --target x --events SHOP/events.jsonl", "one of"},
        Misuse{"import --store STORE --events SHOP/events.jsonl --event-type buy",
               "purchase-complete"},
        Misuse{"import --store STORE --items SHOP/items.csv --map titel=x", "did you mean title"},
        Misuse{"import --store STORE --items SHOP/items.csv --when nonsense", "such as"},
        Misuse{"import --store STORE --events SHOP/events.jsonl --anonymous maybe", "visitor:"},
        Misuse{"evaluate --store STORE --train SHOP/items.csv", "--store goes without"},
        Misuse{"evaluate --store STORE --part validation", "goes without --part"},
        Misuse{"evaluate --store STORE --scorer ials --against content", "and --against"},
        Misuse{"evaluate --store STORE --protocol temporal --cut 2026-01-01", "cold-items"},
        Misuse{"evaluate --store STORE --protocol new-shoppers --scorer blend", "trained alone"},
        Misuse{"evaluate --store STORE --protocol new-shoppers --scorer ials --repeats", "--cut"},
        Misuse{"evaluate --data SHOP/items.csv --protocol new-shoppers --scorer ials", "--store"},
        Misuse{"evaluate --store STORE --protocol purchases --cut 2099-01-01", "events end at"},
        Misuse{"evaluate --train SHOP/items.csv --test SHOP/items.csv --scorer deep_ranker",
               "by itself"},
        Misuse{"evaluate --train SHOP/items.csv --test SHOP/items.csv --scorer als",
               "did you mean ials"},
        Misuse{"evaluate --train SHOP/items.csv --test SHOP/items.csv --scorer ials --set dims=3",
               "dimensions"},
        Misuse{"evaluate --protocol temporal --data SHOP/items.csv --scorer ials", "--cut"},
        Misuse{"bench --target shop.example.com:1", "--remote"},
        Misuse{"bench --rpc Nothing", "RecommendItems"}));

TEST_F(BinaryTest, EverySubcommandTeachesByExample) {
  for (const char* name : {"serve", "import", "train", "recommend", "evaluate", "tune", "status",
                           "rollback", "promote", "user", "simulate", "weights", "bench"}) {
    const Outcome outcome = Run(std::string(name) + " --help");
    EXPECT_EQ(outcome.status, 0) << name;
    EXPECT_THAT(outcome.out, HasSubstr(std::string("vitrine ") + name + " --")) << name;
  }
}

}  // namespace
}  // namespace vitrine::cli
