// English. `{places}` are filled; where there is one and many, `one` and `other`.

export default {
  // the frame
  'nav.label': 'Pages', 'nav.home': 'Home', 'nav.mine': 'Your device', 'nav.setup': 'Set up', 'nav.login': 'Log in', 'nav.welcome': 'Welcome',
  'nav.constellation': 'The picture', 'nav.devices': 'Devices', 'nav.device': 'Device', 'nav.companies': 'Companies', 'nav.company': 'Company',
  'nav.live': 'Live', 'nav.record': 'Record', 'nav.lists': 'Lists', 'nav.profiles': 'Profiles', 'nav.upstreams': 'Upstreams',
  'nav.privacy': 'Privacy', 'nav.help': 'Connect devices', 'nav.alerts': 'Alerts', 'nav.access': 'Access', 'nav.settings': 'Settings', 'nav.more': 'More',
  'about.companies': 'Who tried to follow you', 'about.record': 'Which site brought which trackers', 'about.alerts': 'What happened that you should know',
  'about.profiles': 'What holds for whom, and when', 'about.lists': 'Where the rules come from', 'about.upstreams': 'Who is asked for the rest',
  'about.privacy': 'What is kept, where, and how to forget it', 'about.help': 'Router, phone, browser', 'about.access': 'Password, second factor, tokens', 'about.settings': 'Everything that can be set',
  skip: 'To the content', back: 'Back', close: 'Close', cancel: 'Cancel', save: 'Save', undo: 'Undo', again: 'Try again', loading: 'Loading', never: 'never', justNow: 'just now', copy: 'Copy', copied: 'Copied.', nothingFound: 'Nothing of that name.',
  'look.title': 'Looks and login', 'look.theme': 'Light or dark', 'look.language': 'Language', 'look.system': 'As this device', 'look.light': 'Light', 'look.dark': 'Dark',
  'leave.owner': 'Log out', 'leave.viewer': 'Log out (viewer)',
  'error.unreachable': 'Trackless cannot be reached from here.', 'error.trying': 'Trying again by itself.', 'error.unknown': 'That did not work. Try again.', 'error.noPage': 'There is no such page.',
  'table.actions': 'Actions', 'table.more': { one: '{more} more', other: '{more} more' },
  'days.label': 'How far back', 'days.n': { one: '1 day', other: '{n} days' },

  // the button
  'button.house': 'Do not track, for the whole house', 'button.on': 'Nobody follows you here', 'button.off': 'Off: everybody may follow', 'button.paused': 'Paused until {time}',
  'button.big.on': 'On', 'button.big.paused': 'Paused', 'button.big.off': 'Off', 'button.until': 'until {time}',
  'button.tapPause': 'Press to pause', 'button.tapOn': 'Press to turn on', 'button.toPause': 'Press to pause', 'button.toOn': 'Press to turn on',
  'button.howLong': 'Pause for how long?', 'button.howLongDevice': 'Pause {name} for how long?', 'button.meanwhile': 'Meanwhile trackers are let through, and counted.',
  'button.tenMinutes': '10 minutes', 'button.oneHour': '1 hour', 'button.tomorrow': 'Until tomorrow', 'button.untilOn': 'Until I turn it on', 'button.minutes': { one: '1 minute', other: '{n} minutes' },
  'button.turnOn': 'Turn on', 'button.pauseThis': 'Pause', 'button.follow': 'As the house',

  // home
  'home.tried': { one: 'Today {companies} company tried to follow {devices} devices.', other: 'Today {companies} companies tried to follow {devices} devices.' },
  'home.stopped': { one: '{stopped} was stopped.', other: '{stopped} were stopped.' }, 'home.top': '{company} reached for {reach} of {devices}.',
  'home.nobody': 'Nobody tried to follow you yet.', 'home.ask': 'Ask something: open a page on any device that uses Trackless.',
  'home.seeAll': 'See who follows whom', 'home.problems': 'What needs you', 'home.mend': 'See to it', 'home.day': 'The last 24 hours', 'home.new': 'New this week', 'home.noneNew': 'No company that you had not met before.',
  'home.asked': 'questions today', 'home.refused': 'refused', 'home.share': 'of all',
  'strip.label': 'The last {hours} hours: {all} questions, {block} refused.', 'strip.hour': '{all} questions, {block} refused',
  'verdict.block': 'refused', 'verdict.allow': 'allowed', 'verdict.pass': 'let through', 'verdict.local': 'answered here', ratio: '{block} of {all} refused ({share})',

  // setup, login, without login
  'setup.title': 'Welcome. First, a password.', 'setup.about': 'Two minutes: a password for you, then your device, then the button.', 'setup.code': 'Code', 'setup.whereCode': 'Trackless printed it in its log when it started. It works once.',
  'setup.password': 'Your password', 'setup.least': 'At least {n} characters. A few words in a row are good.', 'setup.short': 'A password needs at least {n} characters.', 'setup.go': 'Set password', 'password.show': 'Show it', 'password.hide': 'Hide it',
  'welcome.title': 'This is it', 'welcome.about': 'Trackless is on. There is nothing more that you must do.', 'welcome.you': 'You are {name}', 'welcome.counted': 'This device asks Trackless already: it is protected.',
  'welcome.notYet': 'This device does not ask Trackless yet', 'welcome.point': 'Point your router, or this device, to it:', 'welcome.try': 'Try the button. It holds for the whole house, from the next question on.', 'welcome.go': 'To the dashboard', 'welcome.others': 'Connect other devices',
  'login.title': 'Log in', 'login.who': 'Who', 'login.owner': 'Owner', 'login.viewer': 'Viewer', 'login.password': 'Password', 'login.code': 'Code', 'login.codeAbout': 'Six digits from your authenticator app.', 'login.go': 'Log in', 'login.wait': 'Try again in {time}.', 'login.mine': 'Only my device’s button',
  'mine.about': 'This button is for this device alone.', 'mine.mayNot': 'The owner keeps this button for themselves.', 'mine.most': 'You may pause it for {time} at most.', 'mine.unknown': 'This device has no button here.', 'mine.unknownWhy': 'It never asked this Trackless, or the owner does not allow it.', 'mine.login': 'I am the owner: log in',

  // devices
  'devices.about': 'Everything in your network that asks Trackless, and who followed it in the last 7 days.', 'devices.search': 'Search devices', 'devices.none': 'No device has asked yet.', 'devices.noneWhy': 'Point your router here, and they will appear by themselves.',
  'devices.silent': 'Silent', 'devices.silentTitle': { one: '{count} device is in the network and asks nothing', other: '{count} devices are in the network and ask nothing' }, 'devices.silentWhy': 'They may ask somebody else, with a fixed DNS of their own, or sleep.', 'devices.noVendor': 'Maker not known',
  'device.name': 'Device', 'device.state': 'State', 'device.on': 'protected', 'device.off': 'paused', 'device.around': { one: 'around us: {count}', other: 'around us: {count}' }, 'device.quiet': 'quiet since the start',
  'device.companies': 'Companies', 'device.refused': 'Refused', 'device.asked': 'Questions', 'device.last': 'Last seen', 'device.first': 'First seen', 'device.vendor': 'Maker', 'device.card': 'Network card', 'device.addresses': 'Addresses', 'device.lease': 'Calls itself', 'device.tags': 'Tags', 'device.profile': 'Profile',
  'device.noProfile': 'As the house', 'device.facts': 'What is known of it', 'device.rename': 'Rename', 'device.renameAbout': 'Empty: the name it gives itself.', 'device.button': 'Its own button', 'device.follows': 'As the house: protected.', 'device.followsOff': 'As the house: not protected now.',
  'device.week': 'Its week', 'heat.about': 'the darker, the more was refused', 'heat.refused': { one: '{block} refused', other: '{block} refused' }, 'device.followers': 'Who tried to follow it', 'device.nobody': 'Nobody tried to follow this device.',
  'device.aroundTitle': { one: 'It asked for ways around Trackless once', other: 'It asked for ways around Trackless {count} times' }, 'device.aroundWhy': 'A browser, an app or “private DNS” on it asks somebody else. Switch that off there, or refuse ways around in its profile.',
  'device.forget': 'Forget this device', 'device.forgetTitle': 'Forget {name}?', 'device.forgetText': 'All that was counted for it is deleted everywhere, at once. It begins anew with its next question. This cannot be undone.',

  // companies and choices
  'companies.about': 'Everybody who tried to follow a device of yours, those who reached most first.', 'companies.search': 'Search companies', 'company.name': 'Company', 'company.of': 'belongs to {owner}', 'company.category': 'Category', 'company.new': 'new', 'company.devices': 'Devices', 'company.hours': 'Hours', 'company.refused': 'Refused',
  'company.reach': 'Reach, 30 days', 'company.reached': { one: 'Asked for by {devices} device, in {hours} different hours.', other: 'Asked for by {devices} devices, in {hours} different hours.' }, 'company.who': 'Whom it tried to follow', 'company.domains': { one: 'Its name', other: 'Its {n} names' }, 'company.moreDomains': 'and {n} more', 'company.cloaked': 'In disguise today', 'company.cloakedWhy': 'Names that look like a site’s own, and lead to this company.',
  'company.lists': 'Which lists refuse it', 'company.listsWhy': 'Lists that have a rule for any of its names.', 'company.noList': 'None.', 'company.yours': 'Your choice',
  'choice.where': 'For whom', 'choice.what': 'Choose about {name}', 'choice.block': 'Refuse', 'choice.allow': 'Let through', 'choice.clear': 'As the lists say', 'choice.choose': 'Choose …', 'choice.about': 'All its names, those to come, too. It holds from the next question on.', 'choice.ownerOnly': 'Only the owner can change this.', 'choice.is.block': 'you refuse it', 'choice.is.allow': 'you let it through',
  'choice.done.block': '{name} is refused – {scope}.', 'choice.done.allow': '{name} is let through – {scope}.', 'choice.done.clear': '{name}: as the lists say – {scope}.', 'scope.house': 'the whole house', 'scope.profile': 'profile “{name}”', 'scope.device': 'this device', 'scope.thisDevice': 'only {name}',
  'category.all': 'All categories', 'category.advertising': 'Advertising', 'category.analytics': 'Analytics', 'category.social': 'Social networks', 'category.telemetry': 'Telemetry', 'category.session-replay': 'Session replay', 'category.fingerprinting': 'Fingerprinting', 'category.consent': 'Consent banners', 'category.customer-interaction': 'Chats and surveys', 'category.media': 'Media players', 'category.hosting': 'Hosting', 'category.other': 'Other',
  'chart.time': 'Time', 'chart.all': 'All', 'chart.refused': 'Refused',
};
