import ArgumentParser
import Foundation
import ServiceClient
import SimulatedCity

/// Writes the GTFS feed of the invented city.
struct CityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "city",
    abstract: "Writes the GTFS feed of the invented city Zelenohrad.",
    discussion: """
      15 lines of three modes and three operators on a grid of 500 m blocks, valid in 2026 and 2027.
      The same seed gives the same bytes; the seed deals the names of the streets.
      """)

  @Option(help: "The archive to write.")
  var out: String

  @Option(help: "Deals the names of the streets.")
  var seed: UInt64 = 1

  func run() throws {
    let feed = CityFeed(seed: seed)
    let bytes = feed.zip()
    do {
      try Data(bytes).write(to: URL(fileURLWithPath: out))
    } catch {
      throw ProgramFault("\(out) could not be written: \(error.localizedDescription)")
    }
    for (name, rows) in feed.files() { print("\(name): \(rows.count - 1) rows") }
    print("wrote \(bytes.count) bytes to \(out)")
  }
}
