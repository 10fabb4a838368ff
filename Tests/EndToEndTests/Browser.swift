import Foundation
import Programs
import Testing

/// Chromium without a screen, looking at the pages of a running service as a signed-in person.
struct Browser: Sendable {
  static let path = "/usr/bin/chromium"

  static var isThere: Bool { FileManager.default.isExecutableFile(atPath: path) }

  let service: String
  let token: String?
  var language = "en"

  /// The page as it stands after its scripts have run.
  func page(_ target: String) async throws -> String {
    let end = try await run(["--dump-dom"], target)
    try #require(!end.output.isEmpty, "\(end.errors.suffix(2000))")
    return end.output
  }

  /// A page of a file as it stands after its scripts have run; what it asks for comes from the service.
  func page(in file: URL) async throws -> String {
    let end = try await run(["--dump-dom"], url: file.absoluteString)
    try #require(!end.output.isEmpty, "\(end.errors.suffix(2000))")
    return end.output
  }

  /// A picture of the page, as PNG.
  func picture(_ target: String, width: Int = 1280, height: Int = 900) async throws -> Data {
    let folder = try TemporaryFolder.make("picture")
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("page.png")
    _ = try await run(
      ["--screenshot=\(file.path)", "--window-size=\(width),\(height)", "--hide-scrollbars"],
      target)
    return try Data(contentsOf: file)
  }

  private func run(_ arguments: [String], _ target: String) async throws -> RunningProgram.End {
    try await run(arguments, url: service + target)
  }

  private func run(_ arguments: [String], url: String) async throws -> RunningProgram.End {
    try await SigningProxy.with(service: service, token: token, language: language) {
      proxy in
      let profile = try TemporaryFolder.make("browser")
      defer { try? FileManager.default.removeItem(at: profile) }
      let program = try await RunningProgram.start(
        URL(fileURLWithPath: Self.path),
        [
          "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
          "--disable-background-networking", "--disable-component-update", "--no-first-run",
          "--user-data-dir=\(profile.path)", "--proxy-server=\(proxy)",
          "--proxy-bypass-list=<-loopback>", "--virtual-time-budget=8000",
        ] + arguments + [url])
      let end = await program.end(withinSeconds: 600)
      try #require(end.exitCode == 0, "\(end.errors.suffix(2000))")
      return end
    }
  }
}
