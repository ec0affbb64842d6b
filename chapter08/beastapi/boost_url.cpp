// Boost.URL itself, compiled here: Debian has its library in a package of its own, and this is all
// of it.
#include <boost/url/src.hpp>
