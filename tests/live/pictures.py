"""Pictures of profiles: metadata of a phone is removed, and memory is freed after large pictures."""
import base64
import concurrent.futures
import os
import struct
import unittest
import zlib


STACK, BUILD, SANITIZER = None, 'build', ''

# 16 × 8 pixels in gray, light on the left
JPEG = base64.b64decode(
    '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgy'
    'PC4zNDL/wAALCAAIABABAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEG'
    'E1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJ'
    'ipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/APeq+D6//9k=')


def with_exif(jpeg, orientation, place):
    """The picture with an orientation and a GPS directory, as phones write them."""
    entry = struct.Struct('>HHII')
    gps = 8 + 2 + 2 * 12 + 4
    tiff = b'MM\0*' + struct.pack('>I', 8) + struct.pack('>H', 2) + entry.pack(
        0x0112, 3, 1, orientation << 16) + entry.pack(0x8825, 4, 1, gps) + bytes(4)
    tiff += struct.pack('>H', 1) + entry.pack(0x001b, 7, len(place), gps + 2 + 12 + 4) + bytes(4) + place
    segment = b'Exif\0\0' + tiff
    return jpeg[:2] + b'\xff\xe1' + struct.pack('>H', len(segment) + 2) + segment + jpeg[2:]


def size_of(jpeg):
    """Width and height, read from the frame header."""
    at = jpeg.index(b'\xff\xc0')
    height, width = struct.unpack('>HH', jpeg[at + 5:at + 9])
    return width, height


def png(width, height, row, others=None):
    """A PNG whose rows are all equal, in RGB, or in RGBA if the row has that length; others: the bytes of every row
    after the first."""
    def chunk(name, data):
        return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))
    lines = (b'\0' + row) + (others or b'\0' + row) * (height - 1)
    return (b'\x89PNG\r\n\x1a\n' +
            chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 2 if len(row) == 3 * width else 6, 0, 0, 0)) +
            chunk(b'IDAT', zlib.compress(lines, 1)) + chunk(b'IEND', b''))


class Pictures(unittest.TestCase):
    def put(self, who, content, kind='image/jpeg'):
        return who.put(f'/api/v1/users/{who.id}/profile/picture', raw=content, headers={'Content-Type': kind})

    def fetch(self, url):
        answer = STACK.client().get(url.split(str(STACK.port), 1)[1])
        self.assertEqual(answer.status, 200, answer)
        return answer

    def test_the_place_where_a_picture_was_taken_is_not_stored(self):
        who, place = STACK.user('picture-gps'), b'N 52 31 12 E 13 24 36'
        sent = with_exif(JPEG, 6, place)
        self.assertIn(place, sent)
        profile = self.put(who, sent)
        self.assertEqual(profile.status, 200, profile)
        for name in ('picture_url', 'thumbnail_url'):
            answer = self.fetch(profile.json[name])
            self.assertEqual(answer.headers['content-type'], 'image/jpeg')
            self.assertEqual(size_of(answer.body), (8, 16), 'a picture that was stored sideways must be upright')
            for word in (place, b'Exif', b'GPS', b'MM\0*'):
                self.assertNotIn(word, answer.body)
        storage = STACK.env['FETTLE_STORAGE']
        for folder, _, names in os.walk(storage):
            for name in names:
                with open(os.path.join(folder, name), 'rb') as file:
                    self.assertNotIn(place, file.read(), 'what was sent has been kept')

    def test_a_replaced_picture_has_another_url_and_a_deleted_one_has_none(self):
        who = STACK.user('picture-replaced')
        first = self.put(who, JPEG).json['picture_url']
        second = self.put(who, png(300, 200, bytes(900)), 'image/png').json
        self.assertNotEqual(first, second['picture_url'])
        self.assertEqual(struct.unpack('>II', self.fetch(second['picture_url']).body[16:24]), (300, 200))
        self.assertEqual(struct.unpack('>II', self.fetch(second['thumbnail_url']).body[16:24]), (256, 171))
        self.assertEqual(who.delete(f'/api/v1/users/{who.id}/profile/picture').status, 204)
        self.assertIsNone(who.get(f'/api/v1/users/{who.id}/profile').json['picture_url'])

    def test_many_uploads_at_once_are_processed_one_after_the_other_and_memory_is_freed(self):
        large = png(5000, 4000, bytes(range(250)) * 60)
        users = [STACK.user(f'picture-large-{i}') for i in range(3)]
        for pid in STACK.pids('profile_picture'):
            with open(f'/proc/{pid}/clear_refs', 'w') as file:
                file.write('5')  # the peak is measured from here
        with concurrent.futures.ThreadPoolExecutor(len(users)) as pool:
            answers = list(pool.map(lambda who: self.put(who, large, 'image/png'), users))
        self.assertIn(200, [answer.status for answer in answers])
        for answer in answers:
            self.assertIn(answer.status, (200, 503), answer)
            if answer.status == 503:
                self.assertGreaterEqual(int(answer.headers['retry-after']), 1)
        if SANITIZER:
            return  # the allocator of the sanitizer keeps freed memory
        for pid in STACK.pids('profile_picture'):
            with open(f'/proc/{pid}/status') as file:
                said = {line.split(':')[0]: line.split()[1] for line in file if line.startswith(('VmRSS', 'VmHWM'))}
            self.assertLess(int(said['VmHWM']), 200 << 10,
                            'more than one picture at a time (60 MB of pixels) was in memory')
            self.assertLess(int(said['VmRSS']), 60 << 10, 'too much memory (KiB) is kept after the uploads')

    def test_a_picture_that_needs_too_much_memory_is_refused(self):
        # Each row is stored as equal to the row above. Without that, the rows would be 160 MB, and too wide for zlib to
        # find the repetition.
        width, height = 16383, 2441
        who, sent = STACK.user('picture-heavy'), png(width, height, os.urandom(4 * width), b'\2' + bytes(4 * width))
        self.assertLess(len(sent), 2 << 20)
        answer = self.put(who, sent, 'image/png')
        self.assertEqual((answer.status, answer.json['code']), (400, 'heavy_picture'), answer)
        self.assertIsNone(who.get(f'/api/v1/users/{who.id}/profile').json['picture_url'])

    def test_only_the_handler_of_pictures_loads_the_image_libraries(self):
        folder = os.path.join(BUILD, 'handlers')
        loads = {name for name in os.listdir(folder) if any(one in self.libraries(os.path.join(folder, name))
                                                            for one in (b'libturbojpeg', b'libpng', b'libwebp'))}
        self.assertEqual(loads, {'profile_picture'})

    @staticmethod
    def libraries(path):
        """The bytes of a program, which contain the names of its shared libraries as text."""
        with open(path, 'rb') as file:
            return file.read()
