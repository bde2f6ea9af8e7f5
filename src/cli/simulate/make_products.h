#pragma once

#include <cstddef>
#include <vector>

#include "cli/simulate/shop.h"
#include "vitrine/base/random.h"

namespace vitrine::simulate {

// `num_items` products whose titles, descriptions and prices are made of Categories(), about one in
// seven in Chinese and one in seven a variant of another. A product's vector is the sum of those of
// its category, kind, style and brand and some noise of its own, so that the text tells much of it,
// but not all. Popularity follows Zipf's law.
std::vector<Product> MakeProducts(std::size_t num_items, Micros span, Random random);

}  // namespace vitrine::simulate
