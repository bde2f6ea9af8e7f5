#pragma once

#include "absl/status/status.h"

namespace vitrine {

// OK when this CPU runs the instructions that the binary was built for (VITRINE_ARCH), otherwise
// FAILED_PRECONDITION naming what is missing and how to build for an older CPU.
absl::Status CheckCpu();

}  // namespace vitrine
