#include "vitrine/base/memory.h"

#include <gmock/gmock.h>

#include <string>

#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

TEST(MemoryTest, ThisMachineHasSome) { EXPECT_GT(AvailableMemoryBytes(), 1'000'000U); }

TEST(MemoryTest, ATenthOfWhatIsAvailableStaysFree) {
  EXPECT_THAT(CheckMemory("it", 900, 1000, "cure"), IsOk());
  EXPECT_THAT(CheckMemory("it", 901, 1000, "cure"), StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST(MemoryTest, TheRefusalSaysWhatIsWantedWhatThereIsAndWhatToDo) {
  const absl::Status status =
      CheckMemory("ease of 9 items", 6'800'000'000, 2'100'000'000, "train another");

  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("ease of 9 items"), HasSubstr("6.80 GB"), HasSubstr("2.10 GB"),
                    HasSubstr("train another")));
}

}  // namespace
}  // namespace vitrine
