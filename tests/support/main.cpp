// The main function of a test program.
#define BOOST_TEST_MODULE chapter08
#include <boost/test/unit_test.hpp>
