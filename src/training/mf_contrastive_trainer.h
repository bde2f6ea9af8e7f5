#pragma once

#include "training/factor_sgd.h"

namespace vitrine {

struct ContrastiveLoss {
  double margin = 0.6;           // Cosines of negatives below it cost nothing. 0 to 1
  double negative_weight = 200;  // Of the mean over the negatives, a liked pair weighing 1.
};

// The cosine contrastive loss of one user, with s for the cosines, P for the pool:
//   sum over liked i of w_i (1 - s_i)  +  (sum of w) * negative_weight / |P| * sum over j in P, not
//   liked, of max(0, s_j - margin)
// Source: Mao et al., "SimpleX: A simple and strong baseline for collaborative filtering", CIKM
// 2021, equation 1, summed over a user's liked items, which share the negatives.
SgdLoss MakeContrastiveLoss(const ContrastiveLoss& loss);

// By the settings `margin` and `negative_weight`, `auto` being items / 200 for the liked items of
// `weights`.
ContrastiveLoss ReadContrastiveLoss(SettingReader& reader, const CsrMatrix& weights);

}  // namespace vitrine
