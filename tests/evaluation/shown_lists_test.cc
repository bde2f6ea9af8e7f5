#include "vitrine/evaluation/shown_lists.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "testing/fake_clock.h"
#include "testing/fault_file_system.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/feature_store/attribution.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Pair;
using ::testing::SizeIs;
using testing::StatusIs;

constexpr Micros kDay = kMicrosPerDay;
constexpr Micros kBegin = 1'759'276'800 * kMicrosPerSecond;  // 2025-10-01

// A store of six items, "i0" to "i5" with indices 0 to 5. Lists are read of the ten days from
// kBegin on.
class ShownListsTest : public ::testing::Test {
 protected:
  ShownListsTest() {
    store_ = FeatureStore::Open(folder_ / "store", {}, files_, clock_).value();
    UpsertItems items;
    for (int i = 0; i < 6; ++i) items.items.push_back({.id = Id(i)});
    store_->Write(std::move(items)).value();
  }

  static std::string Id(int item) { return "i" + std::to_string(item); }

  // `days` after kBegin; an item each.
  static Event Did(EventType type, const std::string& user, double days,
                   const std::vector<int>& items, const std::string& token = "") {
    Event event{.type = type,
                .user_id = user,
                .time_us = kBegin + static_cast<Micros>(days * static_cast<double>(kDay)),
                .attribution_token = token};
    for (const int item : items) event.items.push_back({.item_id = Id(item)});
    return event;
  }
  static Event Shown(const std::string& user, double days, const std::vector<int>& items,
                     const std::string& token = "") {
    return Did(EventType::kImpression, user, days, items, token);
  }
  static Event Clicked(const std::string& user, double days, int item,
                       const std::string& token = "") {
    return Did(EventType::kRecommendationClick, user, days, {item}, token);
  }

  void Record(const std::vector<Event>& events) {
    for (std::size_t begin = 0; begin < events.size(); begin += 1000) {
      const auto first = events.begin() + static_cast<std::ptrdiff_t>(begin);
      const auto count = std::min<std::size_t>(1000, events.size() - begin);
      ASSERT_THAT(store_->Write(RecordEvents{{first, first + static_cast<std::ptrdiff_t>(count)}}),
                  IsOk());
    }
  }

  // Of a list of the first `count` items; another `number`, another token.
  std::string Token(int count, Micros number = 1) const {
    Attribution list{.placement = "home", .time_us = number};
    for (int i = 0; i < count; ++i) list.items.push_back(*store_->catalogue().Find(Id(i)));
    return SealAttribution(*store_, list);
  }

  ShownLists Read() const {
    const Dataset dataset = store_->Snapshot(0).value();
    return ReadShownLists(*store_, dataset, {kBegin, kBegin + 10 * kDay}, nullptr).value();
  }

  // "0 1+ 4" for a list of these three, of which the second is wanted.
  static std::string Text(const ShownList& list) {
    std::string text;
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      if (i > 0) text += " ";
      text += std::to_string(Row(list.items[i]));
      if (list.is_wanted[i] != 0) text += "+";
    }
    return text;
  }
  static std::vector<std::string> Texts(const ShownLists& shown) {
    std::vector<std::string> texts;
    for (const ShownList& each : shown.lists) texts.push_back(Text(each));
    return texts;
  }

  testing::TemporaryFolder folder_;
  testing::FaultFileSystem files_;
  testing::FakeClock clock_;
  std::unique_ptr<FeatureStore> store_;
};

TEST_F(ShownListsTest, ATokenJoinsWhatWasShownWithWhatCameOfIt) {
  const std::string token = Token(5);
  Record({Shown("ann", 1, {2, 0}, token), Shown("ann", 1.1, {3, 5}, token),
          Clicked("ann", 1.2, 0, token), Did(EventType::kAddToCart, "ann", 9, {2}, token),
          Clicked("bob", 1.3, 3, token), Clicked("ann", 1.4, 3)});

  const ShownLists shown = Read();

  // Item 5 is not on the token's list, item 3 was clicked by another or of no list.
  EXPECT_THAT(Texts(shown), ElementsAre("0+ 2+ 3"));
  EXPECT_EQ(shown.lists[0].time_us, kBegin + kDay);
  EXPECT_EQ(NumChoosers(shown), 1u);
}

TEST_F(ShownListsTest, AClickThatComesBeforeItsImpressionIsJoinedByTheToken) {
  Record({Clicked("ann", 1.1, 1, Token(3)), Shown("ann", 1, {0, 1}, Token(3)),
          Clicked("bob", 1, 1, Token(3))});

  const ShownLists shown = Read();

  EXPECT_THAT(Texts(shown), ElementsAre("0 1+")) << "nobody knows what bob was shown";
  EXPECT_EQ(shown.lists[0].time_us, kBegin + kDay);
}

TEST_F(ShownListsTest, OnlyAClickProvesThatAnItemWasSeen) {
  const auto did_of = [this](const std::string& user) {
    const std::string token = Token(6);
    return std::vector<Event>{Did(EventType::kDetailPageView, user, 1.1, {1}, token),
                              Did(EventType::kAddToCart, user, 1.2, {2}, token),
                              Clicked(user, 1.3, 3, token),
                              Shown(user, 1, {0, 1}, token),
                              Did(EventType::kDetailPageView, user, 1.4, {4}, token),
                              Clicked(user, 1.5, 5, token),
                              Did(EventType::kPurchaseComplete, user, 2, {0}, token)};
  };
  std::vector<Event> backwards = did_of("bob");
  std::reverse(backwards.begin(), backwards.end());
  Record(did_of("ann"));
  Record(backwards);

  EXPECT_THAT(Texts(Read()), ElementsAre("0+ 1+ 3+ 5+", "0+ 1+ 3+ 5+"));
}

TEST_F(ShownListsTest, WithoutATokenTheLatestListOfTheItemCounts) {
  Record({Shown("ann", 1, {0, 1}), Shown("ann", 2, {1, 2}), Shown("ann", 3, {3, 4}),
          Did(EventType::kDetailPageView, "ann", 3.5, {1}),
          Did(EventType::kPurchaseComplete, "ann", 7.9, {0}), Clicked("ann", 9.2, 2),
          Clicked("bob", 3.5, 3)});

  EXPECT_THAT(Texts(Read()), ElementsAre("0+ 1", "1+ 2", "3 4"))
      << "7.2 days after it was shown, a click on item 2 is of none";
}

TEST_F(ShownListsTest, ImpressionsOfOneMomentAreOneListAndSingleItemsNone) {
  Record({Shown("ann", 1, {4}), Shown("ann", 1, {2}), Shown("ann", 2, {3})});

  EXPECT_THAT(Texts(Read()), ElementsAre("2 4"));
}

TEST_F(ShownListsTest, AForeignTokenTellsNothing) {
  Record({Shown("ann", 1, {0, 1}, "of another store"), Shown("ann", 2, {0, 2}),
          Clicked("ann", 3, 0, "of another store")});

  EXPECT_THAT(Texts(Read()), ElementsAre("0 2"));
}

TEST_F(ShownListsTest, OnlyTheTimeAskedAboutCounts) {
  Record({Shown("ann", -0.5, {0, 1}), Shown("ann", 1, {0, 2}), Shown("ann", 11, {3, 4}),
          Clicked("ann", 10.1, 0)});

  EXPECT_THAT(Texts(Read()), ElementsAre("0 2")) << "what came later is the test part's";
}

TEST_F(ShownListsTest, HistoriesAreThoseOfBefore) {
  Record({Did(EventType::kDetailPageView, "ann", -3, {5}), Shown("ann", 1, {0, 1}),
          Clicked("ann", 1.5, 1), Shown("ann", 2, {2, 3}),
          Did(EventType::kDetailPageView, "ann", 2, {4}), Shown("newcomer", 1, {0, 1})});

  const ShownLists shown = Read();

  std::vector<std::vector<std::uint32_t>> histories;
  for (const ShownList& list : shown.lists) {
    std::vector<std::uint32_t>& items = histories.emplace_back();
    for (std::uint64_t i = list.history_begin; i < list.history_end; ++i) {
      items.push_back(static_cast<std::uint32_t>(Row(shown.past[i].item)));
    }
  }
  EXPECT_THAT(histories,
              ::testing::UnorderedElementsAre(ElementsAre(5u), ElementsAre(5u, 1u), IsEmpty()));
}

TEST_F(ShownListsTest, ProfilesAreWhatTheShopSaysOfTheShopper) {
  store_->Write(UpsertUsers{{User{.id = "ann", .attributes = {{"country", "NO"}}}}}).value();
  Record({Clicked("ann", 0.5, 5), Clicked("bob", 0.5, 5), Shown("ann", 1, {0, 1}),
          Shown("ann", 2, {0, 2}), Shown("bob", 1, {3, 4})});

  const ShownLists shown = Read();

  std::map<std::string, bool> has_profile;
  for (const ShownList& list : shown.lists) {
    has_profile[Text(list)] = list.profile != nullptr && list.profile->contains("country");
  }
  EXPECT_THAT(has_profile, ElementsAre(Pair("0 1", true), Pair("0 2", true), Pair("3 4", false)));
}

TEST_F(ShownListsTest, AMergedVisitorIsTheUserAndAnErasedOneIsNobody) {
  Event before = Shown("", 1, {0, 1});
  before.visitor_id = "cookie";
  Record({before, Shown("gone", 1, {0, 1})});
  store_->Write(MergeUsers{.visitor_id = "cookie", .user_id = "ann"}).value();
  store_->Write(EraseUser{.user_id = "gone"}).value();
  Record({Clicked("ann", 1.5, 1)});

  EXPECT_THAT(Texts(Read()), ElementsAre("0 1+"));
}

TEST_F(ShownListsTest, OfOneShopperTheLatestCount) {
  std::vector<Event> events;
  for (int i = 0; i < 50; ++i) events.push_back(Shown("robot", 9 - 0.1 * i, {0, 1}));
  Record(events);

  const ShownLists shown = Read();

  ASSERT_THAT(shown.lists, SizeIs(kMostListsOfShopper));
  EXPECT_EQ(shown.lists.back().time_us, kBegin + 9 * kDay);
  EXPECT_EQ(NumChoosers(shown), 0u);
}

TEST_F(ShownListsTest, TooManyAreThinnedOutByWholeShoppers) {
  constexpr int kShoppers = 6'000;
  std::vector<Event> events;
  for (int shopper = 0; shopper < kShoppers; ++shopper) {
    const std::string user = "u" + std::to_string(shopper);
    events.push_back(Shown(user, 1, {0, 1}));
    events.push_back(Clicked(user, 1.5, 1));
    events.push_back(Shown(user, 2, {2, 3}));
  }
  Record(events);

  const ShownLists shown = Read();

  EXPECT_LE(shown.lists.size(), kMostShownLists);
  EXPECT_GT(shown.lists.size(), kMostShownLists / 3);
  EXPECT_EQ(2 * NumChoosers(shown), shown.lists.size()) << "each shopper has both lists or none";
}

TEST_F(ShownListsTest, WhatIsNoListTakesNoListsPlaceOfTheShopper) {
  std::vector<Event> events = {Shown("ann", 1, {0, 1}, Token(3)), Clicked("ann", 1.1, 1, Token(3))};
  for (int i = 0; i < 30; ++i) {
    events.push_back(Clicked("ann", 2 + 0.1 * i, 2, Token(3, 100 + i)));
    events.push_back(Shown("ann", 2.05 + 0.1 * i, {4}, Token(5, 200 + i)));
    events.push_back(Shown("ann", 2.07 + 0.1 * i, {5}));
  }
  Record(events);

  EXPECT_THAT(Texts(Read()), ElementsAre("0 1+"));
}

TEST_F(ShownListsTest, WhatIsNoListLeavesNoShopperOut) {
  std::vector<Event> events;
  for (int shopper = 0; shopper < 100; ++shopper) {
    events.push_back(Shown("u" + std::to_string(shopper), 1, {0, 1}));
  }
  for (std::size_t i = 0; i < kMostShownLists; ++i) {
    events.push_back(Shown("single" + std::to_string(i), 2, {2}));
  }
  Record(events);

  EXPECT_THAT(Read().lists, SizeIs(100));
}

TEST_F(ShownListsTest, WhatWaitsTooLongIsGivenUp) {
  const std::string token = Token(3);
  std::vector<Event> events = {Clicked("ann", 1.1, 1, token), Shown("bob", 1, {0, 1}),
                               Shown("eve", 1, {0})};
  for (std::size_t i = 0; i < kMostWaitingLists; ++i) {
    events.push_back(Shown("single" + std::to_string(i), 2, {2}));
  }
  events.push_back(Shown("ann", 1, {0, 1}, token));
  events.push_back(Shown("eve", 1, {2, 3}));
  Record(events);

  const std::vector<std::string> texts = Texts(Read());

  EXPECT_THAT(texts, ::testing::UnorderedElementsAre("0 1", "0 1", "2 3"))
      << "ann's click and eve's first item came too early";
}

TEST_F(ShownListsTest, EndsWhenItIsCancelled) {
  Record({Shown("ann", 1, {0, 1})});
  const std::atomic<bool> is_cancelled = true;

  EXPECT_THAT(ReadShownLists(*store_, Dataset(), {kBegin, kBegin + kDay}, &is_cancelled).status(),
              StatusIs(absl::StatusCode::kCancelled));
}

}  // namespace
}  // namespace vitrine
