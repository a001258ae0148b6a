// What each way of linking must get right in C++: exceptions, in threads and through a library,
// iostreams, thread-local objects, run-time types, and the parts of the library that ask the
// system.
#include "thrower.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <iomanip>
#include <iostream>
#include <mutex>
#include <regex>
#include <sstream>
#include <thread>
#include <typeinfo>
#include <vector>

static std::atomic<int> ended;

struct Ending {
	~Ending() { ended++; }
};

static thread_local Ending ending;

static int caught(int number)
{
	Ending *const touched = &ending;
	Ending local;

	try {
		refuse(number);
	} catch (const std::exception &error) {
		auto *refused = dynamic_cast<const Refused *>(&error);
		return touched && refused ? refused->number : -1;
	}
	return -2;
}

static int in_threads()
{
	std::vector<std::thread> threads;
	std::mutex lock;
	int sum = 0;

	for (int i = 0; i < 4; i++)
		threads.emplace_back([&, i] {
			for (int n = 0; n < 100; n++) {
				int one = caught(i);
				std::lock_guard<std::mutex> guard(lock);
				sum += one;
			}
		});
	for (auto &thread : threads)
		thread.join();
	return sum;
}

static std::string through_future()
{
	auto future = std::async(std::launch::async, [] { refuse(9); });

	try {
		future.get();
	} catch (const Refused &refused) {
		return refused.what();
	}
	return "nothing";
}

int main()
{
	namespace fs = std::filesystem;
	auto start = std::chrono::steady_clock::now();
	std::ostringstream text;
	std::smatch match;
	const std::string version = "skerry-12.5";

	std::cout << "threads " << in_threads() << " ended " << ended << '\n';
	std::cout << "future " << through_future() << '\n';
	text << std::hex << std::setw(6) << std::setfill('0') << 48879 << ' ' << std::fixed
	     << std::setprecision(3) << 2.0 / 3;
	std::cout << "stream " << text.str() << '\n';
	if (std::regex_match(version, match, std::regex("(\\w+)-(\\d+)\\.(\\d+)")))
		std::cout << "regex " << match[2] << '\n';
	auto path = fs::temp_directory_path() / "catcher.txt";
	std::ofstream(path) << "twelve bytes";
	std::cout << "file " << fs::file_size(path) << ' ' << fs::remove(path) << '\n';
	std::this_thread::sleep_for(std::chrono::milliseconds(20));
	std::cout << "slept "
		  << (std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(20))
		  << std::endl;
	return 0;
}
