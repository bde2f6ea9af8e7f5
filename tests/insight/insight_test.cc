#include "vitrine/insight/insight.h"

#include <gtest/gtest.h>
