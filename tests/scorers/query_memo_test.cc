#include "vitrine/scorers/query_memo.h"

#include <gtest/gtest.h>

#include <string>

namespace vitrine {
namespace {

TEST(QueryMemoTest, AnOwnerMakesItsThingOnce) {
  QueryMemo memo;
  int times_made = 0;
  const auto make = [&times_made] { return std::to_string(++times_made); };
  const int owner = 0;

  const auto first = QueryMemo::Recall<std::string>(&memo, &owner, make);
  const auto second = QueryMemo::Recall<std::string>(&memo, &owner, make);

  EXPECT_EQ(*first, "1");
  EXPECT_EQ(first, second);
}

TEST(QueryMemoTest, OwnersAreKeptApart) {
  QueryMemo memo;
  const int owners[2] = {};

  const auto number = QueryMemo::Recall<int>(&memo, &owners[0], [] { return 7; });
  const auto text = QueryMemo::Recall<std::string>(&memo, &owners[1], [] { return "seven"; });

  EXPECT_EQ(*number, 7);
  EXPECT_EQ(*text, "seven");
}

TEST(QueryMemoTest, FindsWhatWasMadeAndNothingElse) {
  QueryMemo memo;
  const int owners[2] = {};
  QueryMemo::Recall<int>(&memo, &owners[0], [] { return 7; });

  EXPECT_EQ(*QueryMemo::Find<int>(&memo, &owners[0]), 7);
  EXPECT_EQ(QueryMemo::Find<int>(&memo, &owners[1]), nullptr);
  EXPECT_EQ(QueryMemo::Find<int>(nullptr, &owners[0]), nullptr);
}

TEST(QueryMemoTest, WithoutAMemoEachIsMadeAnew) {
  int times_made = 0;
  const auto make = [&times_made] { return ++times_made; };
  const int owner = 0;

  QueryMemo::Recall<int>(nullptr, &owner, make);
  const auto second = QueryMemo::Recall<int>(nullptr, &owner, make);

  EXPECT_EQ(*second, 2);
}

}  // namespace
}  // namespace vitrine
