import ArgumentParser
import LoadMeasures

/// Measures what a team would write instead today, on the same database server.
struct PeerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peer",
    abstract: "Measures FastAPI with asyncpg on the same batches, one row per tap.",
    discussion: """
      The program is loadtest/peer/app.py; its packages come from PyPI into a virtual environment \
      of their own. It checks no signature. Same bodies (JSON), same connections, same durability: \
      its database lies in the same kind of private cluster as the service's.
      """)

  @OptionGroup var service: ServiceChoice
  @OptionGroup var shape: LoadShape
  @OptionGroup var peer: PeerChoice

  func run() async throws {
    let subject = try await ServiceUnderTest(service)
    do {
      let report = try await peer.measure(shape, beside: subject)
      await subject.stop()
      print(shape.json ? String(decoding: report.json, as: UTF8.self) : report.text)
      guard report.isSound else { throw ExitCode(1) }
    } catch {
      await subject.stop()
      throw error
    }
  }
}
