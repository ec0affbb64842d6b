// A folder served over HTTP: what is inside it, nothing else, and nothing twice.
#include "beastapi/static_files.hpp"

#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

#include <stdexcept>

namespace fs = std::filesystem;
using beastapi::Request;
using beastapi::Response;
using beastapi::StaticFiles;

namespace {

/// A folder `public` to serve, and beside it what must not be seen.
struct Folder {
    Folder() {
        directory.write("secret.txt", "secret");
        directory.write("public-too/secret.txt", "secret");
        directory.write("public/chat.html", "<p>");
        directory.write("public/sub/a b.txt", "x");
        directory.write("public/小.txt", "x");
    }

    unsigned status(std::string_view path, const Request& request = Request()) const {
        return StaticFiles(directory.path() / "public").get(request, path).status();
    }

    Response get(const Request& request = Request()) const {
        return StaticFiles(directory.path() / "public").get(request, "/chat.html");
    }

    unsigned status_with(std::string_view header, std::string_view value) const {
        Request request;
        request.headers.add(header, value);
        return get(request).status();
    }

    test::TemporaryDirectory directory;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(static_files, Folder)

BOOST_AUTO_TEST_CASE(files_inside_are_served) {
    BOOST_TEST(status("/chat.html") == 200U);
    BOOST_TEST(status("/sub/a%20b.txt") == 200U);
    BOOST_TEST(status("/%E5%B0%8F.txt") == 200U);
    BOOST_TEST(status("/sub/../chat.html") == 200U);
}

BOOST_AUTO_TEST_CASE(what_is_not_there_is_not_found) {
    BOOST_TEST(status("/missing.html") == 404U);
    BOOST_TEST(status("/chat.html/") == 404U);
    BOOST_TEST(status("/chat.html/x") == 404U);
    BOOST_TEST(status("/CHAT.HTML") == 404U);
}

BOOST_AUTO_TEST_CASE(a_folder_is_not_found) {
    BOOST_TEST(status("/") == 404U);
    BOOST_TEST(status("") == 404U);
    BOOST_TEST(status("/sub") == 404U);
    BOOST_TEST(status("/sub/") == 404U);
    BOOST_TEST(status("/.") == 404U);
}

BOOST_AUTO_TEST_CASE(no_way_leads_out_of_the_folder) {
    const std::string absolute = (directory.path() / "secret.txt").string();
    for (const std::string path :
         {"/../secret.txt", "/sub/../../secret.txt", "/%2e%2e/secret.txt", "/%2E%2E/secret.txt",
          "/..%2fsecret.txt", "/%2e%2e%2fsecret.txt", "/.%2e/secret.txt",
          "/../public-too/secret.txt", "/../../../../../../etc/passwd", "//etc/passwd",
          "/%2fetc/passwd", "/..\\secret.txt"}) {
        BOOST_TEST(status(path) == 404U, path);
    }
    BOOST_TEST(status(absolute) == 404U);
    BOOST_TEST(status("/" + absolute) == 404U);
    BOOST_TEST(status("/..") == 404U);
}

BOOST_AUTO_TEST_CASE(a_symbolic_link_is_followed_inside_but_not_out) {
    fs::create_symlink("chat.html", directory.path() / "public" / "inside.html");
    fs::create_symlink(directory.path() / "secret.txt", directory.path() / "public" / "out.txt");
    fs::create_symlink(directory.path(), directory.path() / "public" / "up");
    fs::create_symlink(directory.path() / "public-too", directory.path() / "public" / "too");
    fs::create_symlink("loop", directory.path() / "public" / "loop");
    BOOST_TEST(status("/inside.html") == 200U);
    BOOST_TEST(status("/out.txt") == 404U);
    BOOST_TEST(status("/up/secret.txt") == 404U);
    BOOST_TEST(status("/too/secret.txt") == 404U);
    BOOST_TEST(status("/loop") == 404U);
}

BOOST_AUTO_TEST_CASE(malformed_paths_are_not_found) {
    BOOST_TEST(status("/chat.html%00") == 404U);
    BOOST_TEST(status("/chat.html%00.png") == 404U);
    BOOST_TEST(status("/%") == 404U);
    BOOST_TEST(status("/%zz") == 404U);
    BOOST_TEST(status("/" + std::string(5000, 'a')) == 404U);
}

BOOST_AUTO_TEST_CASE(a_path_is_normalised_before_the_file_system_is_asked) {
    // None of these folders is there, and that does not matter.
    BOOST_TEST(status("/nowhere/../chat.html") == 200U);
    BOOST_TEST(status("/./sub/.//../chat.html") == 200U);
    std::string long_way;
    for (int i = 0; i < 800; ++i) {
        long_way += "/a/..";
    }
    BOOST_TEST(status(long_way + "/chat.html") == 200U);
    std::string deep;
    for (int i = 0; i < 65; ++i) {
        deep += "/a";
    }
    BOOST_TEST(status(deep + std::string(65 * 3, ' ')) == 404U);
    BOOST_TEST(status(long_way + long_way + "/chat.html") == 404U);
}

BOOST_AUTO_TEST_CASE(a_hidden_file_is_not_found) {
    directory.write("public/.env", "secret");
    directory.write("public/.git/config", "secret");
    directory.write("public/...", "secret");
    for (const char* const path :
         {"/.env", "/%2eenv", "/.git/config", "/sub/../.env", "/.git", "/..."}) {
        BOOST_TEST(status(path) == 404U, path);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_regular_file_is_not_found) {
    BOOST_TEST_REQUIRE(::mkfifo((directory.path() / "public" / "pipe").c_str(), 0600) == 0);
    BOOST_TEST(status("/pipe") == 404U);
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_missing_is_refused) {
    BOOST_CHECK_THROW(StaticFiles(directory.path() / "missing"), std::invalid_argument);
    BOOST_CHECK_THROW(StaticFiles(directory.path() / "secret.txt"), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(the_version_that_the_client_has_is_not_sent_again) {
    const Response full = get();
    Request request;
    request.headers.add("If-None-Match", *full.header("ETag"));
    const Response unchanged = get(request);
    BOOST_TEST(unchanged.status() == 304U);
    BOOST_TEST(unchanged.body().empty());
    BOOST_TEST(!unchanged.file().has_value());
    BOOST_TEST(unchanged.header("ETag").value() == full.header("ETag").value());
    BOOST_TEST(unchanged.header("Last-Modified").value() == full.header("Last-Modified").value());
    BOOST_TEST(full.header("Cache-Control").value() == "no-cache");
    BOOST_TEST(unchanged.header("Cache-Control").value() == "no-cache");
    BOOST_TEST(!unchanged.header("Content-Type").has_value());
}

BOOST_AUTO_TEST_CASE(an_etag_is_found_in_a_list_and_compared_weakly) {
    const std::string etag(get().header("ETag").value());
    BOOST_TEST(status_with("If-None-Match", "*") == 304U);
    BOOST_TEST(status_with("If-None-Match", "W/" + etag) == 304U);
    BOOST_TEST(status_with("If-None-Match", "\"a\", " + etag + ", \"b\"") == 304U);
    BOOST_TEST(status_with("If-None-Match", "\"a\"," + etag) == 304U);
    BOOST_TEST(status_with("If-None-Match", "\"a\", \"b\"") == 200U);
    BOOST_TEST(status_with("If-None-Match", "") == 200U);
    BOOST_TEST(status_with("If-None-Match", etag.substr(1, etag.size() - 2)) == 200U);
}

BOOST_AUTO_TEST_CASE(a_file_that_did_not_change_since_is_not_sent_again) {
    const std::string modified(get().header("Last-Modified").value());
    BOOST_TEST(status_with("If-Modified-Since", modified) == 304U);
    BOOST_TEST(status_with("If-Modified-Since", "Fri, 31 Dec 2100 23:59:59 GMT") == 304U);
    BOOST_TEST(status_with("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT") == 200U);
    BOOST_TEST(status_with("If-Modified-Since", "yesterday") == 200U);
}

BOOST_AUTO_TEST_CASE(the_etag_outweighs_the_date) {
    const Response full = get();
    Request request;
    request.headers.add("If-None-Match", "\"another\"");
    request.headers.add("If-Modified-Since", *full.header("Last-Modified"));
    BOOST_TEST(get(request).status() == 200U);
}

BOOST_AUTO_TEST_CASE(a_site_serves_the_index_of_a_folder) {
    directory.write("public/index.html", "front");
    directory.write("public/sub/index.html", "sub");
    const StaticFiles site(directory.path() / "public", {.html = true});
    const auto file = [&](std::string_view path) {
        Request request;
        request.path = std::string("/site") + std::string(path);
        const Response response = site.get(request, path);
        BOOST_TEST(response.status() == 200U);
        return response.file()
            .value_or(fs::path())
            .lexically_relative(fs::canonical(directory.path()));
    };
    BOOST_TEST(file("/") == "public/index.html");
    BOOST_TEST(file("/sub/") == "public/sub/index.html");
    BOOST_TEST(file("/chat.html") == "public/chat.html");
    // Without the setting a folder is no file.
    BOOST_TEST(status("/") == 404U);
    BOOST_TEST(status("/sub/") == 404U);
}

BOOST_AUTO_TEST_CASE(a_site_redirects_to_the_address_with_a_slash) {
    directory.write("public/index.html", "front");
    directory.write("public/sub/index.html", "sub");
    const StaticFiles site(directory.path() / "public", {.html = true});
    for (const std::string path : {"", "/sub", "/%73ub"}) {
        Request request;
        request.path = "/site" + path;
        const Response response = site.get(request, path);
        BOOST_TEST(response.status() == 307U);
        BOOST_TEST(response.header("Location").value_or("") == request.path + "/");
    }
}

BOOST_AUTO_TEST_CASE(a_site_has_a_page_for_what_is_not_found) {
    const StaticFiles site(directory.path() / "public", {.html = true});
    BOOST_TEST(!site.get(Request(), "/missing.html").file());
    directory.write("public/404.html", "nothing");
    Request request;
    request.headers.add("If-None-Match", "*");
    for (const std::string_view path : {"/missing.html", "/sub/", "/../secret.txt", "/%00"}) {
        const Response response = site.get(request, path);
        BOOST_TEST(response.status() == 404U);
        BOOST_TEST(response.file().value_or(fs::path()).filename() == "404.html");
    }
}

BOOST_AUTO_TEST_CASE(a_site_has_pages_for_its_folders) {
    directory.write("public/index.html", "<h1>");
    directory.write("public/sub/index.html", "<h2>");
    directory.write("public/sub/page.html", "<h3>");
    const auto site = [this](const std::string& path, std::string_view query = "") {
        Request request;
        request.path = "/site" + path;
        request.target = request.path + std::string(query);
        return StaticFiles(directory.path() / "public", {.html = true}).get(request, path);
    };
    BOOST_TEST(site("/").file()->filename() == "index.html");
    BOOST_TEST(site("/sub/").file()->parent_path().filename() == "sub");
    BOOST_TEST(site("/sub/page.html").status() == 200U);
    BOOST_TEST(site("/sub/page").file()->filename() == "page.html");
    BOOST_TEST(site("/sub/page/").status() == 404U);
    const Response redirect = site("/sub", "?a=1");
    BOOST_TEST(redirect.status() == 307U);
    BOOST_TEST(redirect.header("Location").value() == "/site/sub/?a=1");
    BOOST_TEST(site("").header("Location").value() == "/site/");
    BOOST_TEST(site("/missing").status() == 404U);
    BOOST_TEST(!site("/missing").file().has_value());
    directory.write("public/404.html", "<p>not here");
    BOOST_TEST(site("/missing").status() == 404U);
    BOOST_TEST(site("/missing").file()->filename() == "404.html");
    BOOST_TEST(site("/../secret.txt").file()->filename() == "404.html");
}

BOOST_AUTO_TEST_CASE(a_folder_that_links_to_a_page_outside_shows_nothing) {
    fs::create_directory(directory.path() / "public/linked");
    fs::create_symlink(directory.path() / "secret.txt",
                       directory.path() / "public/linked/index.html");
    fs::create_symlink(directory.path() / "secret.txt", directory.path() / "public/page.html");
    Request request;
    request.path = "/linked/";
    const StaticFiles site(directory.path() / "public", {.html = true});
    BOOST_TEST(site.get(request, "/linked/").status() == 404U);
    BOOST_TEST(site.get(request, "/page").status() == 404U);
}

BOOST_AUTO_TEST_CASE(a_redirect_never_leads_to_another_host) {
    directory.write("public/evil.example/index.html", "<h1>");
    Request request;
    request.path = "//evil.example";
    request.target = request.path;
    const StaticFiles site(directory.path() / "public", {.html = true});
    BOOST_TEST(site.get(request, "/evil.example").header("Location").value() == "/evil.example/");
}

BOOST_AUTO_TEST_CASE(a_folder_may_bring_its_own_policy) {
    StaticFiles site(directory.path() / "public",
                     {.content_security_policy = "default-src 'none'"});
    const Response page = site.get(Request(), "/chat.html");
    BOOST_TEST(page.header("Content-Security-Policy").value() == "default-src 'none'");
    const Response text = site.get(Request(), "/sub/a%20b.txt");
    BOOST_TEST(!text.header("Content-Security-Policy").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
