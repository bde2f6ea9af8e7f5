#include "math/coarse_kernels.h"

#include <algorithm>

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace vitrine {
namespace {

constexpr std::size_t kRows = CoarseChunk::kRows;
constexpr std::size_t kNumbers = CoarseChunk::kNumbers;
constexpr int kZero = 128;  // What stands for zero in a chunk.

std::size_t ChunksOf(const CoarseVector& vector) { return vector.values.size() / kNumbers; }

void MultiplyOneByOne(std::span<const CoarseChunk> chunks, const CoarseVector& vector,
                      std::span<std::int32_t> sums) {
  const std::size_t num_chunks = ChunksOf(vector);
  for (std::size_t row = 0; row < sums.size(); ++row) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < vector.values.size(); ++i) {
      const CoarseChunk& chunk = chunks[row / kRows * num_chunks + i / kNumbers];
      const int value = chunk.values[row % kRows * kNumbers + i % kNumbers] - kZero;
      sum += static_cast<std::uint32_t>(value * vector.values[i]);
    }
    sums[row] = static_cast<std::int32_t>(sum);
  }
}

#ifdef __x86_64__

// Four rows of a chunk in each vector, two sums for each row.
__attribute__((target("avx2"))) void MultiplyAvx2(std::span<const CoarseChunk> chunks,
                                                  const CoarseVector& vector,
                                                  std::span<std::int32_t> sums) {
  const std::size_t num_chunks = ChunksOf(vector);
  const CoarseChunk* chunk = chunks.data();
  for (std::size_t row = 0; row < sums.size(); row += kRows) {
    __m256i of_rows[4] = {};
    for (std::size_t c = 0; c < num_chunks; ++c, ++chunk) {
      long long four_values;
      __builtin_memcpy(&four_values, &vector.values[c * kNumbers], sizeof(four_values));
      const __m256i of_vector = _mm256_set1_epi64x(four_values);
      for (std::size_t i = 0; i < 4; ++i) {
        const __m256i values = _mm256_cvtepu8_epi16(
            _mm_load_si128(reinterpret_cast<const __m128i*>(chunk->values.data()) + i));
        const __m256i products =
            _mm256_madd_epi16(_mm256_sub_epi16(values, _mm256_set1_epi16(kZero)), of_vector);
        of_rows[i] = _mm256_add_epi32(of_rows[i], products);
      }
    }
    for (std::size_t i = 0; i < 4; i += 2) {
      // Sums of pairs come as rows 0, 1, 4, 5, 2, 3, 6, 7.
      const __m256i paired = _mm256_hadd_epi32(of_rows[i], of_rows[i + 1]);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(&sums[row + 4 * i]),
                          _mm256_permute4x64_epi64(paired, 0b11'01'10'00));
    }
  }
}

// A whole chunk in each vector. The instruction multiplies bytes, so the vector's numbers go in as
// two of them, and what 128 stands for is taken off in the end.
__attribute__((target("avx512f,avx512vnni"))) void MultiplyVnni(std::span<const CoarseChunk> chunks,
                                                                const CoarseVector& vector,
                                                                std::span<std::int32_t> sums) {
  const std::size_t num_chunks = ChunksOf(vector);
  std::int32_t zeros = 0;
  for (const std::int16_t value : vector.values) zeros += kZero * value;
  const CoarseChunk* chunk = chunks.data();
  for (std::size_t row = 0; row < sums.size(); row += kRows) {
    __m512i high = _mm512_setzero_si512();
    __m512i low = _mm512_set1_epi32(-zeros);
    for (std::size_t c = 0; c < num_chunks; ++c, ++chunk) {
      std::int32_t four_high;
      std::int32_t four_low;
      __builtin_memcpy(&four_high, &vector.high[c * kNumbers], sizeof(four_high));
      __builtin_memcpy(&four_low, &vector.low[c * kNumbers], sizeof(four_low));
      const __m512i values = _mm512_load_si512(chunk->values.data());
      high = _mm512_dpbusd_epi32(high, values, _mm512_set1_epi32(four_high));
      low = _mm512_dpbusd_epi32(low, values, _mm512_set1_epi32(four_low));
    }
    constexpr __mmask16 kAll = 0xFFFF;  // GCC 12 warns of its own header where there is no mask.
    _mm512_storeu_si512(&sums[row], _mm512_add_epi32(_mm512_maskz_slli_epi32(kAll, high, 4), low));
  }
}

bool HasVnni() { return __builtin_cpu_supports("avx512vnni") != 0; }
bool HasAvx2() { return __builtin_cpu_supports("avx2") != 0; }

#endif

bool Always() { return true; }

constexpr NamedKernel kKernels[] = {
#ifdef __x86_64__
    {"avx512vnni", MultiplyVnni, HasVnni},
    {"avx2", MultiplyAvx2, HasAvx2},
#endif
    {"one by one", MultiplyOneByOne, Always},
};

}  // namespace

std::span<const NamedKernel> CoarseKernels() { return kKernels; }

CoarseKernel BestCoarseKernel() {
  static const CoarseKernel best =
      std::find_if(std::begin(kKernels), std::end(kKernels), [](const NamedKernel& each) {
        return each.runs_here();
      })->kernel;
  return best;
}

}  // namespace vitrine
