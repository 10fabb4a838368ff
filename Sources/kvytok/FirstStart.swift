import Basics
import Clearing
import Foundation
import Store
import Tapping
import Web

/// What the first start of a service makes.
struct FirstStart: Sendable {
  let backbone: Backbone
  let settings: ServeSettings

  /// Makes the first administrator's token when nobody holds one.
  ///
  /// A person at a terminal is shown it once; anything else is a log, which more people read than
  /// may administer.
  func makeAdminToken() async throws {
    let token = AccessTokenText.make(random: SecureRandom.bytes(AccessTokenText.randomBytesCount))
    let isFirst = try await backbone.store.write { db in
      try await db.tokens.createFirst(
        digest: AccessTokenText.digest(of: token), label: "first administrator", at: .now)
    }
    guard isFirst else { return }
    try backbone.place.folder.writeAdminToken(token)
    let file = backbone.place.folder.adminTokenFile
    if isatty(STDERR_FILENO) == 1 {
      Progress.say("First administrator's token, also in \(file):\n  \(token)")
    } else {
      Progress.say("First administrator's token is in \(file)")
    }
  }
}

extension FirstStart {
  /// Publishes the tariff that was named, when none is published yet.
  func publishTariff() async throws {
    guard let path = settings.tariff else { return }
    let isAnyPublished = try await backbone.store.read { db in
      try await db.tariffs.newest() != nil
    }
    guard !isAnyPublished else { return }
    let outcome = try await TariffPublishing(store: backbone.store)
      .publish(try TariffFolder.read(path), at: .now)
    try TariffCommand.tell(outcome, path: path)
  }
}
