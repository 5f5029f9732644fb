// The unit tests of lib: one suite for each part.
#define BOOST_TEST_MODULE fettle
#include <boost/test/unit_test.hpp>
