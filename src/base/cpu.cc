#include "vitrine/base/cpu.h"

#include <string>

namespace vitrine {

absl::Status CheckCpu() {
  std::string missing;
#ifdef __AVX2__
  if (__builtin_cpu_supports("avx2") == 0) missing += " avx2";
#endif
#ifdef __FMA__
  if (__builtin_cpu_supports("fma") == 0) missing += " fma";
#endif
#ifdef __BMI2__
  if (__builtin_cpu_supports("bmi2") == 0) missing += " bmi2";
#endif
#ifdef __AVX512F__
  if (__builtin_cpu_supports("avx512f") == 0) missing += " avx512f";
#endif
  if (missing.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "this CPU lacks instructions that this binary was built for:" + missing +
      "; build with -DVITRINE_ARCH=x86-64 for a CPU like this one");
}

}  // namespace vitrine
