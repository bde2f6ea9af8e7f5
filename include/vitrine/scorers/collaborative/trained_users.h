#pragma once

#include <memory>
#include <string_view>

#include "vitrine/scorers/scorer.h"

namespace vitrine {

// Inner products with user vectors as training left them: score(i) = <x_u, y_i>, u the query's
// training_user. For Model::as_paper alone: it knows nobody else and learns of no new event.
// `user_factors` [users x d], `item_factors` [num_items x d]; rows of zeros are unknown. Immutable,
// thread-safe.
std::shared_ptr<const Scorer> MakeTrainedUsers(std::string_view name, Matrix user_factors,
                                               Matrix item_factors);

}  // namespace vitrine
